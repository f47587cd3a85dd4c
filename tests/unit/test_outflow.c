/* What a service sends, on its way to the node: the window, what is put together, and no memory. */
#include "unit.h"

#include "../shortage.h"
#include "service/outflow.h"

static const xy_number one = {1, 11}, other = {2, 22}, none = {0, 0};
static char bytes[XYLEM_CHUNK_MAX + 1];

enum { LARGE = XYLEM_CHUNK_MAX, COST = XYLEM_CHUNK_MAX + XY_REQUEST_COST };

static int set_up(void **state)
{
    memory_is_back();
    *state = calloc(1, sizeof(xy_outflows));
    return 0;
}

static int tear_down(void **state)
{
    memory_is_back();
    xy_outflows_clear(*state);
    free(*state);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static void expect_chunk(xy_outflows *outflows, xy_number request, uint64_t place, size_t size)
{
    xy_chunk *chunk = xy_outflows_take(outflows);
    assert_non_null(chunk);
    assert_true(chunk->request.request == request.request && chunk->request.tag == request.tag);
    assert_true(chunk->place == place);
    assert_int_equal(chunk->size, size);
    xy_chunk_free(chunk);
}

/* Each request has its own, and what is published is none of them. */
static void test_windows(void **state)
{
    xy_outflows *outflows = *state;
    for (uint64_t place = 1; place <= 3; place++)
        assert_int_equal(xy_outflows_send(outflows, one, true, bytes, LARGE), XYLEM_OK);
    assert_int_equal(xy_outflows_send(outflows, one, true, bytes, LARGE), XYLEM_BUSY);
    assert_int_equal(xy_outflows_send(outflows, other, true, bytes, 1), XYLEM_OK);
    assert_int_equal(xy_outflows_send(outflows, none, true, bytes, LARGE), XYLEM_OK);
    assert_int_equal(xy_outflows_send(outflows, none, true, bytes, LARGE), XYLEM_BUSY);
    for (uint64_t place = 1; place <= 3; place++)
        expect_chunk(outflows, one, place, LARGE);
    expect_chunk(outflows, other, 1, 1);
    expect_chunk(outflows, none, 1, LARGE);
    assert_null(xy_outflows_take(outflows));
    assert_false(xy_outflows_taken(outflows, 7, COST));
    assert_false(xy_outflows_taken(outflows, other.request, 1)); /* which did not wait */
    assert_true(xy_outflows_taken(outflows, one.request, COST));
    assert_false(xy_outflows_taken(outflows, one.request, 0)); /* it was told */
    assert_int_equal(xy_outflows_send(outflows, one, true, bytes, LARGE), XYLEM_OK);
    assert_int_equal(xy_outflows_send(outflows, one, true, bytes, LARGE), XYLEM_BUSY);
    assert_true(xy_outflows_taken(outflows, 0, COST));
    assert_int_equal(xy_outflows_send(outflows, none, true, bytes, LARGE), XYLEM_OK);
    expect_chunk(outflows, one, 4, LARGE);
    expect_chunk(outflows, none, 2, LARGE);
}

static void test_what_is_put_together(void **state)
{
    xy_outflows *outflows = *state;
    char *text = strdup("end");
    size_t size = 3;
    assert_int_equal(xy_outflows_send(outflows, one, false, "be", 2), XYLEM_OK);
    assert_int_equal(xy_outflows_send(outflows, one, false, "gin ", 4), XYLEM_OK);
    assert_int_equal(xy_outflows_send(outflows, one, false, "", 0), XYLEM_OK);
    assert_null(xy_outflows_take(outflows));
    assert_int_equal(xy_outflows_end(outflows, other, &text, &size), XYLEM_OK);
    assert_string_equal(text, "end");
    assert_int_equal(xy_outflows_end(outflows, one, &text, &size), XYLEM_OK);
    assert_string_equal(text, "begin end");
    assert_int_equal(size, 9);
    assert_int_equal(xy_outflows_end(outflows, one, &text, &size), XYLEM_OK);
    assert_string_equal(text, "begin end");
    free(text);
}

static void test_too_long(void **state)
{
    xy_outflows *outflows = *state;
    char *text = strdup("!");
    size_t size = 1;
    assert_int_equal(xy_outflows_send(outflows, one, true, bytes, sizeof bytes), XYLEM_TOO_LONG);
    for (size_t sent = 0; sent < XYLEM_TEXT_MAX; sent += LARGE)
        assert_int_equal(xy_outflows_send(outflows, one, false, bytes, LARGE), XYLEM_OK);
    assert_int_equal(xy_outflows_send(outflows, one, false, bytes, 1), XYLEM_TOO_LONG);
    assert_int_equal(xy_outflows_end(outflows, one, &text, &size), XYLEM_TOO_LONG);
    assert_string_equal(text, "!");
    size = 0; /* without that it fits */
    assert_int_equal(xy_outflows_end(outflows, one, &text, &size), XYLEM_OK);
    assert_int_equal(size, XYLEM_TEXT_MAX);
    free(text);
}

/* Nothing is sent then, and no number is left out. */
static void test_no_memory(void **state)
{
    xy_outflows *outflows = *state;
    size_t failures = 0;
    for (size_t first = 1;; first++, failures++) {
        memory_fails(first, SIZE_MAX);
        int error = xy_outflows_send(outflows, one, true, "chunk", 5);
        memory_is_back();
        if (!error)
            break;
        assert_int_equal(error, XYLEM_NO_MEMORY);
        assert_null(xy_outflows_take(outflows));
    }
    assert_int_equal(failures, 2); /* the stream, and then the chunk */
    expect_chunk(outflows, one, 1, 5);
    memory_fails(2, SIZE_MAX);
    assert_int_equal(xy_outflows_send(outflows, other, false, "part", 4), XYLEM_NO_MEMORY);
    memory_is_back();
    xy_outflows_drop(outflows, other);
    assert_int_equal(xy_outflows_send(outflows, other, true, "chunk", 5), XYLEM_OK);
    expect_chunk(outflows, other, 1, 5);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_windows),
        TEST(test_what_is_put_together),
        TEST(test_too_long),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
