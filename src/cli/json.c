#include "cli/json.h"

#include "cli/utf8.h"

/* The comma and the key before a value. */
static void begin(struct json *json, const char *key)
{
    if (json->comma)
        text_add(json->text, ",", 1);
    json->comma = true;
    if (!key)
        return;
    text_add(json->text, "\"", 1);
    text_add_string(json->text, key);
    text_add(json->text, "\":", 2);
}

static void open_bracket(struct json *json, const char *key, const char *bracket)
{
    begin(json, key);
    text_add(json->text, bracket, 1);
    json->comma = false;
}

static void close_bracket(struct json *json, const char *bracket)
{
    text_add(json->text, bracket, 1);
    json->comma = true;
}

void json_begin_object(struct json *json, const char *key)
{
    open_bracket(json, key, "{");
}

void json_end_object(struct json *json)
{
    close_bracket(json, "}");
}

void json_begin_array(struct json *json, const char *key)
{
    open_bracket(json, key, "[");
}

void json_end_array(struct json *json)
{
    close_bracket(json, "]");
}

void json_null(struct json *json, const char *key)
{
    begin(json, key);
    text_add_string(json->text, "null");
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin(json, key);
    text_add_string(json->text, value ? "true" : "false");
}

void json_number(struct json *json, const char *key, int64_t value)
{
    begin(json, key);
    text_add_number(json->text, value);
}

void json_id(struct json *json, const char *key, int64_t id)
{
    const char *quote = json->id_strings ? "\"" : "";
    begin(json, key);
    text_add_string(json->text, quote);
    text_add_number(json->text, id);
    text_add_string(json->text, quote);
}

/* C0 must be escaped; DEL and C1 are, because a terminal obeys them too. */
static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

static void add_ascii(struct text *text, char byte)
{
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the character, its escape */
    for (const char *name = names; *name; name += 2)
        if (byte == *name) {
            text_add(text, "\\", 1);
            text_add(text, name + 1, 1);
            return;
        }
    text_format(text, "\\u%04x", (unsigned)byte);
}

static bool is_c1(const char *character, size_t length)
{
    return length == 2 && character[0] == '\xC2' && (unsigned char)character[1] < 0xA0;
}

/* Adds the first character, which is not plain, and returns how many bytes it has. */
static size_t add_special(struct text *text, const char *bytes, size_t length)
{
    size_t step = utf8_step(bytes, length);
    if (step == 0)
        text_add_string(text, "\xEF\xBF\xBD");
    else if (step == 1)
        add_ascii(text, *bytes);
    else if (is_c1(bytes, step))
        text_format(text, "\\u%04x", (unsigned char)bytes[1]);
    else
        text_add(text, bytes, step);
    return step ? step : 1;
}

static size_t count_plain(const char *bytes, size_t length)
{
    size_t count = 0;
    while (count < length && is_plain((unsigned char)bytes[count]))
        count++;
    return count;
}

void json_string(struct json *json, const char *key, const char *bytes, size_t length)
{
    begin(json, key);
    text_add(json->text, "\"", 1);
    for (size_t at = 0; at < length;) {
        size_t plain = count_plain(bytes + at, length - at);
        text_add(json->text, bytes + at, plain);
        at += plain;
        if (at < length)
            at += add_special(json->text, bytes + at, length - at);
    }
    text_add(json->text, "\"", 1);
}
