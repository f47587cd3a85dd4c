/* Folders: nothing is removed but what is proven to be a network's. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "launch/rundir.h"

enum { NAME_BYTES = 20 };

static char home[64];

/* The system, as the folder's code sees it. */

static struct {
    ino_t of_another;  /* its owner is shown as another user */
    int looks, rests;  /* how often a name was looked at, how often it was waited */
    int late_sockets;  /* so many are still made just before the folder is removed */
    bool marked_first; /* the marker was made while the folder was not locked */
} world;

int fstatat(int at, const char *restrict name, struct stat *restrict status, int flags)
{
    int result = (int)syscall(SYS_newfstatat, at, name, status, flags);
    world.looks++;
    if (result == 0 && status->st_ino == world.of_another)
        status->st_uid++;
    return result;
}

int fstat(int fd, struct stat *status)
{
    return fstatat(fd, "", status, AT_EMPTY_PATH);
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)time;
    (void)left;
    world.rests++;
    return 0;
}

int symlinkat(const char *text, int at, const char *name)
{
    int fd = openat(at, ".", O_RDONLY | O_DIRECTORY);
    world.marked_first = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return (int)syscall(SYS_symlinkat, text, at, name);
}

static const char *in(const char *folder, const char *name)
{
    static char path[2][PATH_MAX];
    static int turn;
    turn = !turn;
    snprintf(path[turn], PATH_MAX, "%.3000s/%.200s", folder, name);
    return path[turn];
}

static void make_socket(const char *folder, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/%.20s", folder, name);
    unlink(address.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

int unlinkat(int at, const char *name, int flags)
{
    if ((flags & AT_REMOVEDIR) && world.late_sockets > 0) {
        world.late_sockets--;
        make_socket(at == AT_FDCWD ? name : in(home, name), "7");
    }
    return (int)syscall(SYS_unlinkat, at, name, flags);
}

/* A folder that networks find. */

static int set_up(void **state)
{
    (void)state;
    world.of_another = 0;
    world.late_sockets = world.looks = world.rests = 0;
    strcpy(home, "/tmp/xy-folder-XXXXXX");
    return mkdtemp(home) && setenv("XDG_RUNTIME_DIR", home, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", home);
    return system(command);
}

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "notes\n", 6), 6);
    close(fd);
}

static bool is_there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static ino_t inode(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_ino;
}

static xy_rundir open_folder(void)
{
    xy_rundir folder;
    xy_error error = {0};
    if (!xy_rundir_open(&folder, NAME_BYTES, &error))
        fail_msg("%s", error.text);
    return folder;
}

static void close_folder(xy_rundir *folder)
{
    xy_error error = {0};
    if (!xy_rundir_close(folder, &error))
        fail_msg("%s", error.text);
    assert_false(is_there(folder->path));
}

/* As a network leaves its folder when it is killed, with two sockets in it. */
static const char *leave_behind(void)
{
    static char path[PATH_MAX];
    xy_rundir folder = open_folder();
    make_socket(folder.path, "0");
    make_socket(folder.path, "18446744073709551615");
    closedir(folder.dir);
    return strcpy(path, folder.path);
}

/* How many there are in a folder. */
static int count(const char *path)
{
    DIR *dir = opendir(path);
    int found = -2;
    assert_non_null(dir);
    while (readdir(dir))
        found++;
    closedir(dir);
    return found;
}

static void sweep(void)
{
    xy_rundir folder = open_folder();
    close_folder(&folder);
}

static void expect_left_alone(const char *path)
{
    int before = count(path);
    ino_t same = inode(path);
    sweep();
    assert_int_equal(count(path), before);
    assert_int_equal(inode(path), same);
}

/* What a network that was killed left. */

static void test_left_behind(void **state)
{
    const char *path = leave_behind();
    (void)state;
    assert_int_equal(count(path), 3);
    sweep();
    assert_false(is_there(path));
    assert_int_equal(world.rests, 0);
}

static void test_of_a_living_network(void **state)
{
    xy_rundir living = open_folder();
    (void)state;
    make_socket(living.path, "1");
    expect_left_alone(living.path);
    close_folder(&living);
}

/* Between the two a sweeper would take it for one that was left behind. */
static void test_locked_before_it_is_marked(void **state)
{
    xy_rundir folder = open_folder();
    (void)state;
    assert_false(world.marked_first);
    close_folder(&folder);
}

static void test_in_use_again_later(void **state)
{
    const char *path = leave_behind();
    (void)state;
    world.late_sockets = 1; /* a worker that is about to die */
    sweep();
    assert_true(is_there(path));
    sweep();
    assert_false(is_there(path));
    assert_int_equal(world.rests, 0);
}

/* What is no network's, or not surely. */

static void test_of_the_user(void **state)
{
    char path[PATH_MAX];
    (void)state;
    strcpy(path, in(home, "xylem-backup"));
    assert_int_equal(mkdir(path, 0700), 0);
    expect_left_alone(path);
    make_socket(path, "1");
    expect_left_alone(path);
    make_file(in(path, "notes"));
    expect_left_alone(path);
}

static void test_something_else_in_it(void **state)
{
    static const char *const names[] = {"notes", ".hidden", "1", "x1", "1x"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = leave_behind();
        make_file(in(path, names[i]));
        expect_left_alone(path);
        unlink(in(path, names[i]));
        assert_int_equal(symlink("0", in(path, names[i])), 0);
        expect_left_alone(path);
        unlink(in(path, names[i]));
        assert_int_equal(mkdir(in(path, names[i]), 0700), 0);
        expect_left_alone(path);
        rmdir(in(path, names[i]));
        sweep();
        assert_false(is_there(path));
    }
}

static void test_socket_of_the_user(void **state)
{
    const char *path = leave_behind();
    (void)state;
    make_socket(path, "control");
    expect_left_alone(path);
}

static void test_mode(void **state)
{
    const char *path = leave_behind();
    (void)state;
    assert_int_equal(chmod(path, 0750), 0);
    expect_left_alone(path);
    assert_int_equal(chmod(path, 0700), 0);
    sweep();
    assert_false(is_there(path));
}

static void test_marker(void **state)
{
    const char *path = leave_behind();
    (void)state;
    unlink(in(path, ".xylem"));
    expect_left_alone(path);
    assert_int_equal(symlink("A folder for the sockets of a Xylem network", in(path, ".xylem")), 0);
    expect_left_alone(path);
    unlink(in(path, ".xylem"));
    make_file(in(path, ".xylem"));
    expect_left_alone(path);
}

static void test_of_another_user(void **state)
{
    const char *path = leave_behind();
    (void)state;
    unlink(in(path, "0"));
    unlink(in(path, "18446744073709551615"));
    world.of_another = inode(path);
    expect_left_alone(path);
    world.of_another = 0;
    sweep();
    assert_false(is_there(path));
}

static void test_socket_of_another_user(void **state)
{
    const char *path = leave_behind();
    (void)state;
    world.of_another = inode(in(path, "0"));
    expect_left_alone(path);
}

static void test_link_to_a_folder(void **state)
{
    char path[PATH_MAX];
    (void)state;
    strcpy(path, leave_behind());
    assert_int_equal(rename(path, in(home, "elsewhere")), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    expect_left_alone(in(home, "elsewhere"));
    assert_true(is_there(path));
}

static void test_other_names(void **state)
{
    static const char *const names[] = {"xylem-1234567", "xylem-12345", "Xylem-123456"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = leave_behind();
        assert_int_equal(rename(path, in(home, names[i])), 0);
        expect_left_alone(in(home, names[i]));
    }
}

/* No more than 16384 names are looked at. */
static void test_bounded(void **state)
{
    const char *path = leave_behind();
    char name[24];
    (void)state;
    make_socket(path, "1");
    for (int i = 2; i < 20000; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(link(in(path, "1"), in(path, name)), 0);
    }
    world.looks = 0;
    expect_left_alone(path);
    assert_in_range(world.looks, 1, 16384 + 16);
}

/* The network's own folder. */

static void test_sockets_while_it_closes(void **state)
{
    xy_rundir folder = open_folder();
    (void)state;
    make_socket(folder.path, "5");
    world.late_sockets = 20;
    close_folder(&folder);
    assert_int_equal(world.rests, 20);
}

static void test_sockets_without_end(void **state)
{
    xy_rundir folder = open_folder();
    xy_error error = {0};
    (void)state;
    world.late_sockets = 100000;
    assert_false(xy_rundir_close(&folder, &error));
    assert_non_null(strstr(error.text, folder.path));
    assert_non_null(strstr(error.text, "Directory not empty"));
    assert_in_range(world.rests, 1, 100);
    world.late_sockets = 0;
    sweep();
    assert_false(is_there(folder.path));
}

static void test_file_of_the_user_while_it_closes(void **state)
{
    xy_rundir folder = open_folder();
    xy_error error = {0};
    (void)state;
    make_socket(folder.path, "5");
    make_file(in(folder.path, "notes"));
    make_file(in(folder.path, "6"));
    assert_false(xy_rundir_close(&folder, &error));
    assert_non_null(strstr(error.text, folder.path));
    assert_true(strstr(error.text, "'notes'") || strstr(error.text, "'6'"));
    assert_false(is_there(in(folder.path, "5")));
    assert_true(is_there(in(folder.path, "notes")) && is_there(in(folder.path, "6")));
    assert_int_equal(world.rests, 0);
    expect_left_alone(folder.path);
}

static void test_folder_that_took_its_place(void **state)
{
    xy_rundir folder = open_folder();
    xy_error error = {0};
    (void)state;
    make_socket(folder.path, "5");
    assert_int_equal(rename(folder.path, in(home, "elsewhere")), 0);
    assert_int_equal(mkdir(folder.path, 0700), 0);
    assert_true(xy_rundir_close(&folder, &error));
    assert_true(is_there(folder.path));
    assert_false(is_there(in(home, "elsewhere/5")));
}

static void test_forget(void **state)
{
    xy_rundir folder = open_folder();
    char link[PATH_MAX];
    (void)state;
    make_socket(folder.path, "5");
    make_file(in(folder.path, "6"));
    assert_int_equal(symlink("5", in(folder.path, "7")), 0);
    for (uint64_t life = 4; life <= 8; life++)
        xy_rundir_forget(folder.path, life);
    assert_false(is_there(in(folder.path, "5")));
    assert_true(is_there(in(folder.path, "6")) && is_there(in(folder.path, "7")));
    strcpy(link, in(home, "link"));
    assert_int_equal(symlink(folder.path, link), 0);
    make_socket(folder.path, "5");
    xy_rundir_forget(link, 5);
    assert_true(is_there(in(folder.path, "5")));
    world.of_another = inode(in(folder.path, "5"));
    xy_rundir_forget(folder.path, 5);
    assert_true(is_there(in(folder.path, "5")));
    closedir(folder.dir);
}

/* A folder of the user that has come to bear the name. */
static void test_forget_elsewhere(void **state)
{
    char path[PATH_MAX];
    (void)state;
    strcpy(path, in(home, "xylem-backup"));
    assert_int_equal(mkdir(path, 0700), 0);
    make_socket(path, "5");
    xy_rundir_forget(path, 5);
    assert_true(is_there(in(path, "5")));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_left_behind),
        TEST(test_of_a_living_network),
        TEST(test_locked_before_it_is_marked),
        TEST(test_in_use_again_later),
        TEST(test_of_the_user),
        TEST(test_something_else_in_it),
        TEST(test_socket_of_the_user),
        TEST(test_mode),
        TEST(test_marker),
        TEST(test_of_another_user),
        TEST(test_socket_of_another_user),
        TEST(test_link_to_a_folder),
        TEST(test_other_names),
        TEST(test_bounded),
        TEST(test_sockets_while_it_closes),
        TEST(test_sockets_without_end),
        TEST(test_file_of_the_user_while_it_closes),
        TEST(test_folder_that_took_its_place),
        TEST(test_forget),
        TEST(test_forget_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
