/* Keys: what a terminal sends, byte by byte, comes out as characters, keys and nothing else. */
#include "unit.h"

#include "cli/keys.h"

/* Feeds the bytes; whatever comes out is written down: characters as they are, Alt as M-, keys as
 * <N>. */
static void feed(struct keys *keys, const char *bytes, char *seen)
{
    for (; *bytes; bytes++) {
        enum keys_result result = keys_take(keys, *bytes);
        if (result == KEYS_META)
            strcat(seen, "M-");
        if (result == KEYS_META || result == KEYS_BYTE)
            strncat(seen, &keys->byte, 1);
        if (result == KEYS_KEY)
            sprintf(seen + strlen(seen), "<%d>", keys->key);
        assert_int_equal(result == KEYS_MORE, keys_pending(keys));
    }
}

static void expect_seen(const char *bytes, const char *seen)
{
    struct keys keys = {.state = KEYS_GROUND};
    char all[256] = "";
    feed(&keys, bytes, all);
    assert_string_equal(all, seen);
    assert_false(keys_pending(&keys));
}

static void expect_key(const char *bytes, enum key key)
{
    char whole[64], seen[64];
    snprintf(whole, sizeof whole, "a%sb", bytes);
    snprintf(seen, sizeof seen, "a<%d>b", key);
    expect_seen(whole, seen);
}

static void test_characters(void **state)
{
    (void)state;
    expect_seen("ping 1\r\t\001\177", "ping 1\r\t\001\177");
    expect_seen("\xc3\xa4\xff", "\xc3\xa4\xff");
    expect_seen("\033b\033\177", "M-bM-\177");
}

static void test_known_keys(void **state)
{
    (void)state;
    expect_key("\033[A", KEY_UP);
    expect_key("\033OB", KEY_DOWN);
    expect_key("\033[D", KEY_LEFT);
    expect_key("\033[1;2C", KEY_RIGHT); /* with Shift */
    expect_key("\033[d", KEY_LEFT);
    expect_key("\033[1;5D", KEY_WORD_LEFT);
    expect_key("\033[1;3D", KEY_WORD_LEFT);
    expect_key("\033[1;6C", KEY_WORD_RIGHT);
    expect_key("\033O5C", KEY_WORD_RIGHT);
    expect_key("\033Oc", KEY_WORD_RIGHT);
    expect_key("\033\033[C", KEY_WORD_RIGHT);
    expect_key("\033[1~", KEY_HOME);
    expect_key("\033OH", KEY_HOME);
    expect_key("\033[8^", KEY_END);
    expect_key("\033[3$", KEY_DELETE);
    expect_key("\033[3;5~", KEY_DELETE);
}

static void test_unknown_sequences(void **state)
{
    (void)state;
    expect_key("\033[15~", KEY_UNKNOWN);
    expect_key("\033OP", KEY_UNKNOWN);
    expect_key("\033[[A", KEY_UNKNOWN);
    expect_key("\033[M !!", KEY_UNKNOWN);
    expect_key("\033[?1;2c", KEY_UNKNOWN);
    expect_key("\033[1;2$y", KEY_UNKNOWN);
    expect_key("\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14D", KEY_UNKNOWN);
    expect_key("\033[99999999999999999999D", KEY_UNKNOWN);
    expect_key("\033[200~", KEY_UNKNOWN);
    expect_key("\033]0;title\xc3\xa4\007", KEY_UNKNOWN);
    expect_key("\033P1$r0m\033\\", KEY_UNKNOWN);
    expect_key("\033_x\033\\", KEY_UNKNOWN);
}

/* A character that belongs to no sequence is typed, whatever was begun before it. */
static void test_broken_sequences(void **state)
{
    (void)state;
    expect_seen("\033[1;\rx", "\rx");
    expect_seen("\033O\003x", "\003x");
    expect_seen("\033]0;x\ny", "\ny");
    expect_seen("\033[1\xc3\xa4", "\xc3\xa4");
    expect_seen("\033[1\033[D", "<3>");
    expect_seen("\033]0;\033b", "M-b");
}

static void expect_cut(const char *bytes, enum keys_result result, int what)
{
    struct keys keys = {.state = KEYS_GROUND};
    char seen[64] = "";
    feed(&keys, bytes, seen);
    assert_true(keys_pending(&keys));
    assert_int_equal(keys_cut(&keys), result);
    assert_int_equal(result == KEYS_KEY ? (int)keys.key : keys.byte, what);
    feed(&keys, "xD", seen);
    assert_string_equal(seen, "xD");
}

static void test_cut(void **state)
{
    (void)state;
    expect_cut("\033", KEYS_BYTE, '\033');
    expect_cut("\033\033", KEYS_BYTE, '\033');
    expect_cut("\033[", KEYS_META, '[');
    expect_cut("\033O", KEYS_META, 'O');
    expect_cut("\033P", KEYS_META, 'P');
    expect_cut("\033[1;5", KEYS_KEY, KEY_UNKNOWN);
    expect_cut("\033[M ", KEYS_KEY, KEY_UNKNOWN);
    expect_cut("\033]0;title", KEYS_KEY, KEY_UNKNOWN);
    expect_cut("\033]0;title\033", KEYS_KEY, KEY_UNKNOWN);
}

/* Whatever comes, a sequence ends with the next Enter and the bytes behind it are typed. */
static void test_any_bytes(void **state)
{
    uint64_t random = unit_seed();
    (void)state;
    for (int round = 0; round < 100000; round++) {
        static const char some[] = "\033\033\033[[O]P\\?;$19~MDhx \007\033";
        struct keys keys = {.state = KEYS_GROUND};
        for (uint32_t left = unit_random(&random) % 12; left > 0; left--)
            keys_take(&keys, some[unit_random(&random) % (sizeof some - 1)]);
        int skipped = keys.state == KEYS_SKIPPED ? keys.skipped : 0;
        for (; skipped > 0; skipped--)
            keys_take(&keys, 'x');
        enum keys_result result = keys_take(&keys, '\r');
        assert_true(result == KEYS_BYTE || result == KEYS_META);
        assert_int_equal(keys.byte, '\r');
        assert_int_equal(keys_take(&keys, 'x'), KEYS_BYTE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_characters),
        cmocka_unit_test(test_known_keys),
        cmocka_unit_test(test_unknown_sequences),
        cmocka_unit_test(test_broken_sequences),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
