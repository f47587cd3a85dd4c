/* Payloads in parts: taken apart, put together again, forgotten. */
#include "unit.h"

#include "core/machine.h"
#include "core/parcel.h"

enum { PART = XY_MESSAGE_PAYLOAD_MAX, SIZE_MAX_TRIED = 3 * PART };

static uint8_t text[SIZE_MAX_TRIED];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i % 251);
    return 0;
}

/* What was sent, put together by hand. */
typedef struct sent {
    uint8_t bytes[SIZE_MAX_TRIED];
    size_t size, parts;
    uint8_t latest;
} sent;

static void note(void *owner, const xy_message *part)
{
    sent *all = owner;
    assert_true(part->request == 7 && part->status == XYLEM_FAILED);
    assert_int_equal(part->part & XY_PART_CONTINUED, all->parts > 0 ? XY_PART_CONTINUED : 0);
    assert_true(part->payload_size <= PART);
    if (part->payload_size > 0)
        memcpy(all->bytes + all->size, part->payload, part->payload_size);
    all->size += part->payload_size;
    all->parts++;
    all->latest = part->part;
}

static void test_sending(void **state)
{
    static const struct {
        size_t size, parts;
    } cases[] = {{0, 1}, {1, 1}, {PART, 1}, {PART + 1, 2}, {2 * PART, 2}, {SIZE_MAX_TRIED, 3}};
    static sent all;
    xy_message message = {.kind = XY_REPLY, .request = 7, .status = XYLEM_FAILED};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        all = (sent){.size = 0};
        xy_parcel_send(&message, cases[i].size ? text : NULL, cases[i].size, note, &all);
        assert_int_equal(all.parts, cases[i].parts);
        assert_int_equal(all.size, cases[i].size);
        assert_memory_equal(all.bytes, text, all.size);
        assert_int_equal(all.latest & XY_PART_MORE, 0);
    }
}

/* Adds `size` bytes of the text from `offset` on. */
static int add(xy_parcels *parcels, uint64_t request, uint8_t bits, size_t offset, size_t size,
               xy_parcel **whole)
{
    xy_message part = {.kind = XY_REPLY,
                       .part = bits,
                       .request = request,
                       .payload = text + offset,
                       .payload_size = (uint32_t)size};
    return xy_parcels_add(parcels, &part, 1000 + (int64_t)request, whole);
}

static void add_one(xy_parcels *parcels, uint64_t request, uint8_t bits, size_t offset, size_t size)
{
    xy_parcel *whole;
    assert_int_equal(add(parcels, request, bits, offset, size, &whole), XYLEM_OK);
    assert_null(whole);
}

static void expect_whole(xy_parcels *parcels, uint64_t request, uint8_t bits, size_t offset,
                         size_t size)
{
    xy_parcel *whole;
    assert_int_equal(add(parcels, request, bits, offset, size, &whole), XYLEM_OK);
    assert_non_null(whole);
    assert_true(whole->request == request && whole->deadline_ms == 1000 + (int64_t)request);
    assert_int_equal(whole->size, offset + size);
    assert_memory_equal(whole->bytes, text, offset + size);
    assert_int_equal(whole->bytes[whole->size], 0); /* for those who read it as a text */
    xy_parcel_free(whole);
}

static const uint8_t first = XY_PART_MORE, middle = XY_PART_MORE | XY_PART_CONTINUED,
                     last = XY_PART_CONTINUED;

static void test_putting_together(void **state)
{
    xy_parcels parcels = {0};
    (void)state;
    expect_whole(&parcels, 1, 0, 0, 0);
    expect_whole(&parcels, 1, 0, 0, 5);
    add_one(&parcels, 1, first, 0, PART);
    add_one(&parcels, 1, middle, PART, 3);
    expect_whole(&parcels, 1, last, PART + 3, 0);
    assert_null(parcels.first);
}

static void test_those_of_each_request(void **state)
{
    xy_parcels parcels = {0};
    (void)state;
    for (uint64_t request = 1; request <= 3; request++)
        add_one(&parcels, request, first, 0, request);
    for (uint64_t request = 1; request <= 3; request++)
        add_one(&parcels, request, middle, request, request);
    for (uint64_t request = 1; request <= 3; request++)
        expect_whole(&parcels, request, last, 2 * request, 10);
    assert_null(parcels.first);
}

static void test_parts_that_nobody_expects(void **state)
{
    xy_parcels parcels = {0};
    (void)state;
    add_one(&parcels, 1, middle, 0, 5);
    add_one(&parcels, 1, last, 0, 5);
    assert_null(parcels.first);
    add_one(&parcels, 1, first, 5, 5); /* and then it begins anew */
    add_one(&parcels, 1, first, 0, 2);
    expect_whole(&parcels, 1, last, 2, 3);
    assert_null(parcels.first);
}

static void test_too_long(void **state)
{
    xy_parcels parcels = {0};
    xy_parcel *whole;
    (void)state;
    add_one(&parcels, 2, first, 0, 4);
    add_one(&parcels, 1, first, 0, PART);
    for (size_t size = 2 * (size_t)PART; size <= XYLEM_TEXT_MAX; size += PART)
        add_one(&parcels, 1, middle, 0, PART);
    assert_int_equal(add(&parcels, 1, middle, 0, 1, &whole), XYLEM_TOO_LONG);
    assert_null(whole);
    add_one(&parcels, 1, last, 0, 1); /* nothing of it is kept */
    expect_whole(&parcels, 2, last, 4, 4);
    assert_null(parcels.first);
}

static void test_the_longest(void **state)
{
    xy_parcels parcels = {0};
    xy_parcel *whole;
    (void)state;
    add_one(&parcels, 1, first, 0, PART);
    for (size_t size = 2 * (size_t)PART; size < XYLEM_TEXT_MAX; size += PART)
        add_one(&parcels, 1, middle, 0, PART);
    assert_int_equal(add(&parcels, 1, last, 0, PART, &whole), XYLEM_OK);
    assert_int_equal(whole->size, XYLEM_TEXT_MAX);
    xy_parcel_free(whole);
}

static void test_deadlines(void **state)
{
    xy_parcels parcels = {0};
    (void)state;
    assert_true(xy_parcels_deadline(&parcels) == XY_NEVER);
    for (uint64_t request = 1; request <= 3; request++)
        add_one(&parcels, request, first, 0, 1);
    add_one(&parcels, 2, middle, 1, 1); /* which does not put its deadline off */
    assert_int_equal(xy_parcels_deadline(&parcels), 1001);
    xy_parcels_drop_due(&parcels, 1000);
    assert_int_equal(xy_parcels_deadline(&parcels), 1001);
    xy_parcels_drop_due(&parcels, 1002);
    assert_int_equal(xy_parcels_deadline(&parcels), 1003);
    expect_whole(&parcels, 3, last, 1, 1);
    assert_true(xy_parcels_deadline(&parcels) == XY_NEVER);
}

static void test_forgetting(void **state)
{
    xy_parcels parcels = {0};
    (void)state;
    for (uint64_t request = 1; request <= 3; request++)
        add_one(&parcels, request, first, 0, 1);
    xy_parcels_drop(&parcels, 2);
    xy_parcels_drop(&parcels, 2);
    add_one(&parcels, 2, last, 0, 1);
    expect_whole(&parcels, 1, last, 1, 1);
    xy_parcels_clear(&parcels);
    assert_null(parcels.first);
    xy_parcel_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sending),
        cmocka_unit_test(test_putting_together),
        cmocka_unit_test(test_those_of_each_request),
        cmocka_unit_test(test_parts_that_nobody_expects),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_the_longest),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_forgetting),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
