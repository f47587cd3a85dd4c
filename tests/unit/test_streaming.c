/* Answers in parts, at the controlling node: in order, each once; what is missing, what was taken,
 * and the end. */
#include "controlling.h"

#include "core/controller_parts.h"

static int set_up_five(void **state)
{
    set_up(state);
    create_five(*state);
    return 0;
}

static int set_up_adopting(void **state)
{
    fixture *f = new_fixture_of(
        (xy_controller_options){.topology = &xy_topology_bst, .repair = XY_REPAIR_ADOPT});
    *state = f;
    create_five(f);
    return 0;
}

/* The user. */

static uint64_t stream_at(fixture *f, int64_t id)
{
    xy_command given = {.kind = XY_COMMAND_EXEC,
                        .id = id,
                        .text = "go",
                        .size = 2,
                        .streams = true,
                        .timeout_ms = TIMEOUT_MS};
    return xy_controller_command(&f->controller, &given, f->r.now_ms, &f->r.out);
}

static xy_number start_stream(fixture *f, int64_t id)
{
    stream_at(f, id);
    return expect_asked(f, id, XY_STREAM)->number;
}

enum { QUARTER = XYLEM_STREAM_WINDOW / 4 };

static void take_of(fixture *f, xy_life life, uint64_t request, uint64_t count, size_t cost)
{
    xy_command given = {.kind = XY_COMMAND_TAKE,
                        .value = (int64_t)request,
                        .life = life,
                        .count = count,
                        .size = cost};
    xy_controller_command(&f->controller, &given, f->r.now_ms, &f->r.out);
}

static void take(fixture *f, xy_number stream, uint64_t count)
{
    take_of(f, (xy_life){0}, stream.request, count, QUARTER);
}

static void expect_passed_on(fixture *f, xy_number stream, uint64_t place)
{
    char text[16];
    const xy_chunk *chunk = expect(&f->r, XY_ACTION_CHUNK)->chunk.chunk;
    snprintf(text, sizeof text, "chunk %d", (int)place);
    assert_true(f->r.hand.chunk.command == stream.request && chunk->place == place);
    assert_bytes(chunk->bytes, chunk->size, text);
    assert_int_equal(chunk->bytes[chunk->size], 0);
}

/* The node. */

static xy_message chunk_of(fixture *f, int64_t id, xy_number stream, uint64_t place)
{
    return (xy_message){.kind = XY_CHUNK,
                        .number = stream,
                        .id = id,
                        .life = {life_of(f, id)},
                        .value = (int64_t)place};
}

static void hear_chunk(fixture *f, int64_t id, xy_number stream, uint64_t place)
{
    char text[16];
    snprintf(text, sizeof text, "chunk %d", (int)place);
    hear_from(f, id, with_text(chunk_of(f, id, stream, place), text));
}

static void pass(fixture *f, int64_t id, xy_number stream, uint64_t from, uint64_t to)
{
    for (uint64_t place = from; place <= to; place++) {
        hear_chunk(f, id, stream, place);
        expect_passed_on(f, stream, place);
        expect_nothing(&f->r);
    }
}

static void hear_answer(fixture *f, int64_t id, xy_number stream, uint64_t last, const char *text)
{
    xy_message reply = reply_to(stream, XYLEM_OK);
    reply.id = (int64_t)last;
    hear_from(f, id, with_text(reply, text));
}

static xy_number expect_told(fixture *f, int64_t id, xy_number stream, int64_t taken,
                             uint64_t missing)
{
    const xy_message *sent = expect_asked(f, id, XY_TAKEN);
    assert_true(sent->number.request & XY_ERRAND);
    assert_true(sent->value == taken);
    assert_int_equal(sent->payload_size, XY_TAKEN_SIZE);
    const xy_taken told = xy_taken_decode(xy_message_payload(sent));
    assert_true(told.request == stream.request && told.missing == missing);
    return sent->number;
}

/* The node is to drop what it has of it. */
static void expect_over(fixture *f, int64_t id, xy_number stream)
{
    assert_true(expect_asked(f, id, XY_CANCEL)->value == (int64_t)stream.request);
}

/* Tests. */

static void test_chunks_and_the_answer(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    pass(f, 25, stream, 1, 3);
    hear_answer(f, 25, stream, 3, "done");
    expect_over(f, 25, stream);
    expect_text(f, stream.request, XYLEM_OK, "done");
    expect_nothing(&f->r);
    hear_chunk(f, 25, stream, 4);
    expect_nothing(&f->r);
}

static void test_all_taken(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    pass(f, 25, stream, 1, 3);
    take(f, stream, 3);
    xy_number told = expect_told(f, 25, stream, 3, 0);
    expect_reply(f, stream.request + 1, XYLEM_OK);
    answer(f, told, 25, XYLEM_OK);
    hear_answer(f, 25, stream, 0, "done");
    expect_text(f, stream.request, XYLEM_OK, "done"); /* and the node keeps nothing */
    expect_nothing(&f->r);
    take(f, stream, 3);
    expect_reply(f, stream.request + 2, XYLEM_NOT_FOUND);
    expect_nothing(&f->r);
    assert_int_equal(xy_requests_count(&f->controller.errands), 0);
}

static void test_no_chunks(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    hear_answer(f, 25, stream, 0, "done");
    expect_text(f, stream.request, XYLEM_OK, "done");
    expect_nothing(&f->r);
}

/* The node does not keep the answer any more: it may keep the chunks all the same. */
static void test_a_lost_answer(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    hear_from(f, 25, reply_to(stream, XYLEM_ANSWER_LOST));
    expect_over(f, 25, stream);
    expect_reply(f, stream.request, XYLEM_ANSWER_LOST);
    expect_nothing(&f->r);
}

static void test_twice(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    pass(f, 25, stream, 1, 2);
    hear_chunk(f, 25, stream, 1);
    hear_chunk(f, 25, stream, 2);
    expect_nothing(&f->r);
    pass(f, 25, stream, 3, 3);
}

static void test_missing_chunks(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    pass(f, 25, stream, 1, 1);
    hear_chunk(f, 25, stream, 3);
    expect_told(f, 25, stream, 0, 2);
    hear_chunk(f, 25, stream, 4); /* which it was asked for already */
    expect_nothing(&f->r);
    pass(f, 25, stream, 2, 3);
    hear_chunk(f, 25, stream, 5);
    expect_told(f, 25, stream, 0, 4);
}

/* A node on the way had no room for it: each time. */
static void test_a_loss_on_the_way(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 90);
    xy_message lost = chunk_of(f, 90, stream, 1);
    lost.status = XYLEM_BUSY;
    hear_from(f, 90, lost);
    expect_told(f, 90, stream, 0, 1);
    hear_chunk(f, 90, stream, 2);
    expect_nothing(&f->r);
    hear_from(f, 90, lost);
    expect_told(f, 90, stream, 0, 1);
    pass(f, 90, stream, 1, 1);
    hear_from(f, 90, lost); /* of one that has come */
    expect_nothing(&f->r);
}

static void test_an_answer_before_its_chunks(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    pass(f, 25, stream, 1, 1);
    hear_answer(f, 25, stream, 3, "done");
    expect_told(f, 25, stream, 0, 2);
    expect_nothing(&f->r);
    hear_answer(f, 25, stream, 3, "done"); /* over another way */
    expect_nothing(&f->r);
    hear_chunk(f, 25, stream, 2);
    expect_passed_on(f, stream, 2);
    hear_chunk(f, 25, stream, 3);
    expect_passed_on(f, stream, 3);
    expect_over(f, 25, stream);
    expect_text(f, stream.request, XYLEM_OK, "done");
    expect_nothing(&f->r);
}

static void test_a_large_answer_before_its_chunks(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    xy_message part = reply_to(stream, XYLEM_OK);
    part.id = 1;
    part.part = XY_PART_MORE;
    part.value = 8;
    hear_from(f, 25, with_text(part, "half"));
    part.part = XY_PART_CONTINUED;
    part.value = 4;
    hear_from(f, 25, with_text(part, "rest"));
    expect_told(f, 25, stream, 0, 1);
    expect_nothing(&f->r);
    hear_chunk(f, 25, stream, 1);
    expect_passed_on(f, stream, 1);
    expect_over(f, 25, stream);
    expect_text(f, stream.request, XYLEM_OK, "halfrest");
}

static void test_what_is_no_chunk_of_it(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25), wrong = stream;
    wrong.tag++;
    hear_chunk(f, 25, wrong, 1);
    hear_chunk(f, 90, stream, 1); /* it was not asked */
    xy_message other = chunk_of(f, 25, stream, 1);
    other.life.number++;
    hear_from(f, 25, with_text(other, "chunk 1"));
    expect_nothing(&f->r);
    command(f, XY_COMMAND_PING, 25, 0);
    xy_number ping = expect_asked(f, 25, XY_PING)->number;
    hear_chunk(f, 25, ping, 1);
    expect_nothing(&f->r);
    pass(f, 25, stream, 1, 1);
}

static void test_taking(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    pass(f, 25, stream, 1, 3);
    take(f, stream, 2);
    expect_told(f, 25, stream, 2, 0);
    expect_reply(f, stream.request + 1, XYLEM_OK);
    static const uint64_t vain[] = {1, 2, 4}; /* not more than before, or more than there are */
    for (size_t i = 0; i < 3; i++) {
        take(f, stream, vain[i]);
        expect_reply(f, stream.request + 2 + i, XYLEM_OK);
        expect_nothing(&f->r);
    }
    command(f, XY_COMMAND_PING, 25, 0);
    xy_number ping = expect_asked(f, 25, XY_PING)->number;
    take(f, ping, 1);
    expect_reply(f, ping.request + 1, XYLEM_NOT_FOUND);
    expect_nothing(&f->r);
}

static void test_a_cancel(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    pass(f, 25, stream, 1, 1);
    uint64_t cancel = command(f, XY_COMMAND_CANCEL, 0, (int64_t)stream.request);
    expect_over(f, 25, stream); /* once */
    expect_reply(f, stream.request, XYLEM_CANCELLED);
    expect_reply(f, cancel, XYLEM_OK);
    expect_nothing(&f->r);
}

static void test_its_time_is_over(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    pass(f, 25, stream, 1, 1);
    tick(&f->r, TIMEOUT_MS);
    expect_over(f, 25, stream);
    expect_reply(f, stream.request, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
}

static void test_the_death_of_the_node(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    uint64_t life = life_of(f, 25);
    pass(f, 25, stream, 1, 1);
    hear_answer(f, 25, stream, 3, "done");
    expect_told(f, 25, stream, 0, 2);
    ended(f, life);
    size_t told = 0, replied = 0;
    for (xy_action_clear(&f->r.hand); xy_queue_pop(&f->r.out, &f->r.hand);
         xy_action_clear(&f->r.hand)) {
        bool reply = f->r.hand.kind == XY_ACTION_REPLY;
        replied += reply && f->r.hand.reply.command == stream.request &&
                   f->r.hand.reply.status == XYLEM_UNAVAILABLE;
        told += f->r.hand.kind == XY_ACTION_SEND && f->r.hand.send.message.code == XY_CANCEL;
    }
    assert_int_equal(replied, 1);
    assert_int_equal(told, 0); /* it is dead */
    hear_from(
        f, 50,
        with_text(
            (xy_message){.kind = XY_CHUNK, .number = stream, .id = 25, .life = {life}, .value = 2},
            "chunk 2"));
    expect_nothing(&f->r);
}

/* At each place: no chunk is lost, each comes once, and the answer after them. */
static void test_no_memory(void **state)
{
    fixture *f = *state;
    for (size_t first = 1;; first++) {
        xy_number stream = start_stream(f, 25);
        bool ended = false;
        uint64_t came = 0;
        memory_fails(first, SIZE_MAX);
        hear_chunk(f, 25, stream, 1);
        take(f, stream, 1);
        bool failed = shortage.failed;
        memory_is_back();
        for (uint64_t tries = 0; tries < 4 && !ended; tries++) {
            xy_action_clear(&f->r.hand);
            while (!ended && xy_queue_pop(&f->r.out, &f->r.hand)) {
                if (f->r.hand.kind == XY_ACTION_CHUNK)
                    assert_true(f->r.hand.chunk.chunk->place == ++came);
                ended =
                    f->r.hand.kind == XY_ACTION_REPLY && f->r.hand.reply.command == stream.request;
                xy_action_clear(&f->r.hand);
            }
            tick(&f->r, f->r.now_ms + 10);
            if (tries == 1) /* the node sends again what it was asked for */
                hear_chunk(f, 25, stream, 1);
            if (tries == 2)
                hear_answer(f, 25, stream, 1, "done");
        }
        assert_true(ended);
        assert_true(came == 1);
        while (xy_queue_pop(&f->r.out, &f->r.hand))
            xy_action_clear(&f->r.hand);
        if (!failed)
            break;
    }
}

/* A node is told when a quarter of the window was taken. */
static void test_not_told_of_each(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    pass(f, 25, stream, 1, 5);
    for (uint64_t count = 1; count <= 4; count++) {
        take_of(f, (xy_life){0}, stream.request, count, QUARTER / 4);
        if (count == 4)
            expect_told(f, 25, stream, 4, 0);
        expect_reply(f, stream.request + count, XYLEM_OK);
        expect_nothing(&f->r);
    }
    take_of(f, (xy_life){0}, stream.request, 5, QUARTER - 1);
    expect_reply(f, stream.request + 5, XYLEM_OK);
    hear_answer(f, 25, stream, 5, "done"); /* of the last one it was not told */
    expect_over(f, 25, stream);
    expect_text(f, stream.request, XYLEM_OK, "done");
}

/* What is published. */

static xy_number published_by(const fixture *f, int64_t id)
{
    const xy_random random = xy_random_of(&f->controller, node_of(f, id)->life);
    return (xy_number){0, xy_random_at(&random, XY_STREAM_PUBLISHED, 0)};
}

static void expect_published(fixture *f, int64_t id, uint64_t place)
{
    const xy_chunk *chunk = expect(&f->r, XY_ACTION_CHUNK)->chunk.chunk;
    assert_true(f->r.hand.chunk.command == 0);
    assert_true(chunk->id == id && chunk->life.number == life_of(f, id) && chunk->place == place);
    expect_nothing(&f->r);
}

static void test_publishing(void **state)
{
    fixture *f = *state;
    xy_number none = published_by(f, 25), wrong = none;
    wrong.tag++;
    hear_chunk(f, 25, wrong, 1);
    hear_chunk(f, 25, published_by(f, 90), 1);
    xy_message other = chunk_of(f, 25, none, 1);
    other.id = 90;
    hear_from(f, 25, with_text(other, "chunk 1"));
    expect_nothing(&f->r);
    hear_chunk(f, 25, none, 1);
    expect_published(f, 25, 1);
    hear_chunk(f, 25, none, 1);
    expect_nothing(&f->r);
    hear_chunk(f, 25, none, 3);
    expect_told(f, 25, (xy_number){0, 0}, 0, 2);
    hear_chunk(f, 25, none, 2);
    expect_published(f, 25, 2);
    hear_chunk(f, 90, published_by(f, 90), 1);
    expect_published(f, 90, 1);
}

static void test_taking_what_was_published(void **state)
{
    fixture *f = *state;
    const xy_life life = {life_of(f, 25)};
    uint64_t before = f->controller.command;
    take_of(f, life, 0, 1, XYLEM_PUBLISH_WINDOW);
    expect_reply(f, before + 1, XYLEM_NOT_FOUND);
    for (uint64_t place = 1; place <= 3; place++) {
        hear_chunk(f, 25, published_by(f, 25), place);
        expect_published(f, 25, place);
    }
    take_of(f, life, 0, 1, XYLEM_PUBLISH_WINDOW / 4 - 1);
    expect_reply(f, before + 2, XYLEM_OK);
    expect_nothing(&f->r);
    take_of(f, life, 0, 2, 1);
    expect_told(f, 25, (xy_number){0, 0}, 2, 0);
    expect_reply(f, before + 3, XYLEM_OK);
    memory_fails(1, SIZE_MAX);
    take_of(f, life, 0, 3, XYLEM_PUBLISH_WINDOW);
    memory_is_back();
    expect_reply(f, before + 4, XYLEM_OK);
    expect_nothing(&f->r);
    tick(&f->r, 10);
    expect_told(f, 25, (xy_number){0, 0}, 3, 0);
    expect_nothing(&f->r);
    take_of(f, (xy_life){77}, 0, 1, 1);
    expect_reply(f, before + 5, XYLEM_NOT_FOUND);
}

/* There was none to tell the node: it is told later. */
static void test_told_later(void **state)
{
    fixture *f = *state;
    xy_number stream = start_stream(f, 25);
    pass(f, 25, stream, 1, 2);
    memory_fails(1, SIZE_MAX); /* the reply to the command has room */
    take(f, stream, 2);
    memory_is_back();
    expect_reply(f, stream.request + 1, XYLEM_OK);
    expect_nothing(&f->r);
    tick(&f->r, 10);
    expect_told(f, 25, stream, 2, 0);
    expect_nothing(&f->r);
}

static void test_no_memory_to_begin(void **state)
{
    fixture *f = *state;
    bool failed = true;
    for (size_t first = 1; failed; first++) {
        memory_fails(first, SIZE_MAX);
        stream_at(f, 25);
        failed = shortage.failed;
        memory_is_back();
        xy_action_clear(&f->r.hand);
        while (xy_queue_pop(&f->r.out, &f->r.hand))
            xy_action_clear(&f->r.hand);
    }
}

#define FIVE(name) cmocka_unit_test_setup_teardown(name, set_up_five, tear_down)
#define BOTH(name) FIVE(name), cmocka_unit_test_setup_teardown(name, set_up_adopting, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_chunks_and_the_answer),
        BOTH(test_all_taken),
        FIVE(test_no_chunks),
        FIVE(test_a_lost_answer),
        FIVE(test_twice),
        BOTH(test_missing_chunks),
        BOTH(test_a_loss_on_the_way),
        BOTH(test_an_answer_before_its_chunks),
        FIVE(test_a_large_answer_before_its_chunks),
        FIVE(test_what_is_no_chunk_of_it),
        BOTH(test_taking),
        BOTH(test_not_told_of_each),
        BOTH(test_publishing),
        FIVE(test_taking_what_was_published),
        BOTH(test_a_cancel),
        BOTH(test_its_time_is_over),
        BOTH(test_the_death_of_the_node),
        BOTH(test_no_memory),
        FIVE(test_told_later),
        BOTH(test_no_memory_to_begin),
    };
    (void)set_up_keyed;
    (void)set_up_tree;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
