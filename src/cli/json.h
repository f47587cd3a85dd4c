/* Writes JSON, all in one line, in the order of the calls. The caller keeps to the grammar:
 * members of an object have a key, elements of an array and the outermost value have none (NULL).
 * Keys are words of this program, and need no escapes. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/text.h"

struct json {
    struct text *text; /* grows at its end; its owner may empty it between two calls */
    bool comma;        /* the next value is not the first one of its object or array */
    bool id_strings;   /* ids are strings */
};

void json_begin_object(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_begin_array(struct json *json, const char *key);
void json_end_array(struct json *json);

void json_null(struct json *json, const char *key);
void json_bool(struct json *json, const char *key, bool value);
void json_number(struct json *json, const char *key, int64_t value);

/* A number; or its digits in a string, because many readers of JSON round numbers above 2^53. */
void json_id(struct json *json, const char *key, int64_t id);

/* Any bytes; each byte that is not UTF-8 becomes U+FFFD. */
void json_string(struct json *json, const char *key, const char *bytes, size_t length);

#endif
