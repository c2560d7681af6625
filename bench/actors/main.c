/* What a message to a room costs by itself, without clients: to a room that is an actor, and to one in a
 * table under a mutex, as a server without actors has it. Two loops have players who steer, as channels would
 * in handle_in. It also says what an actor takes that nobody uses. For servers with clients see bench/rooms.
 *
 *     build/bin/bench_actors [SECONDS]
 */
#include <malloc.h>
#include <pinion/pinion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOPS    2
#define SEATS    8
#define AT_ONCE  64 /* messages that a loop's players send before it has its turn */
#define ROUNDS   3
#define WAITING  1024 /* messages of a loop's players that no room has taken yet; then they wait */
#define NAME_MAX 32
#define IDLE     100000

static void check(int rc)
{
    if (rc) {
        fprintf(stderr, "%s: %s\n", pinion_strerror(rc), pinion_error_detail());
        exit(1);
    }
}

static void rest(double seconds)
{
    nanosleep(&(struct timespec){ (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) }, NULL);
}

/* Seconds of this clock. */
static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- a room ---- */

struct player {
    uint8_t direction;
    uint16_t x, y;
};

struct room {
    struct room *next;             /* in the table */
    atomic_uint_fast64_t messages; /* written by whoever has the room */
    struct player players[SEATS];
    char name[NAME_MAX];
};

static struct room *room_new(const char *name)
{
    struct room *room = calloc(1, sizeof *room);
    if (room)
        snprintf(room->name, sizeof room->name, "%s", name);
    return room;
}

/* A message: who steers where. */
static void steer(struct room *room, const pinion_payload *payload)
{
    size_t length;
    const char *bytes = pinion_payload_bytes(payload, &length);
    if (length == 3)
        room->players[bytes[0] % SEATS].direction = (uint8_t)bytes[1];
    atomic_store_explicit(&room->messages, atomic_load_explicit(&room->messages, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* ---- what is measured ---- */

struct bench;

/* Players on one loop. */
struct players {
    struct bench *bench;
    unsigned loop;
    unsigned next;       /* the room that is steered in next */
    atomic_uint waiting; /* messages on their way */
};

struct bench {
    pinion_endpoint *endpoint;
    unsigned rooms;
    bool mutex;
    atomic_bool over;
    atomic_uint running;
    struct players players[LOOPS];

    struct room **all;       /* to read what they have counted */
    pinion_actor_ref **refs; /* with actors */
    pthread_mutex_t lock;    /* of the table and of all rooms in it */
    struct room **buckets;
    unsigned bucket_count;
};

static void room_name(char *out, unsigned number)
{
    snprintf(out, NAME_MAX, "game:%u", number);
}

/* ---- a table under a mutex ---- */

/* FNV-1a. */
static struct room **bucket_of(const struct bench *bench, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return &bench->buckets[hash % bench->bucket_count];
}

static struct room *find(const struct bench *bench, const char *name)
{
    struct room *room = *bucket_of(bench, name);
    while (room && strcmp(room->name, name) != 0)
        room = room->next;
    return room;
}

/* The last byte says whose message it was. */
static void was_taken(struct bench *bench, const pinion_payload *payload)
{
    size_t length;
    const char *bytes = pinion_payload_bytes(payload, &length);
    atomic_fetch_sub_explicit(&bench->players[bytes[2] % LOOPS].waiting, 1, memory_order_relaxed);
}

static void steer_by_mutex(struct bench *bench, const char *name, const pinion_payload *payload)
{
    pthread_mutex_lock(&bench->lock);
    struct room *room = find(bench, name);
    if (room)
        steer(room, payload);
    pthread_mutex_unlock(&bench->lock);
    was_taken(bench, payload);
}

static void make_table(struct bench *bench)
{
    pthread_mutex_init(&bench->lock, NULL);
    bench->bucket_count = bench->rooms * 2;
    bench->buckets = calloc(bench->bucket_count, sizeof *bench->buckets);
    for (unsigned i = 0; i < bench->rooms; i++) {
        struct room **bucket = bucket_of(bench, bench->all[i]->name);
        bench->all[i]->next = *bucket;
        *bucket = bench->all[i];
    }
}

/* ---- actors ---- */

static pinion_result handle_info(pinion_actor *actor, const pinion_info *info)
{
    steer(pinion_actor_state(actor), info->payload);
    was_taken(pinion_actor_context(actor), info->payload);
    return pinion_noreply();
}

static const pinion_actor_def room_actor = { .handle_info = handle_info, .max_mailbox = 4 << 20 };

static void make_actors(struct bench *bench)
{
    bench->refs = calloc(bench->rooms, sizeof(pinion_actor_ref *));
    for (unsigned i = 0; i < bench->rooms; i++)
        check(pinion_actor_open(bench->endpoint, bench->all[i]->name, &room_actor, bench->all[i], NULL,
                                &bench->refs[i]));
}

/* ---- players ---- */

/* As in a handle_in: the payload is borrowed there, so an actor's message has a copy of it. */
static void say(struct bench *bench, unsigned room, const char move[3])
{
    pinion_payload *payload = pinion_payload_binary(move, 3);
    if (bench->mutex)
        steer_by_mutex(bench, bench->all[room]->name, payload);
    else
        check(pinion_actor_send(bench->refs[room], "steer", pinion_payload_ref(payload)));
    pinion_payload_unref(payload);
}

static void play(void *data);

static void play_after(pinion_endpoint *endpoint, int status, void *data)
{
    play(data);
}

/* Those whose messages wait look again in a millisecond: they must not keep the processor from the rooms. */
static void go_on(struct players *players, bool wait)
{
    pinion_endpoint *endpoint = players->bench->endpoint;
    check(wait ? pinion_endpoint_send_after(endpoint, players->loop, 1, play_after, players, NULL)
               : pinion_endpoint_post(endpoint, players->loop, play, players));
}

static void play(void *data)
{
    struct players *players = data;
    struct bench *bench = players->bench;
    unsigned sent = 0;
    if (atomic_load(&bench->over)) {
        atomic_fetch_sub(&bench->running, 1);
        return;
    }
    for (; sent < AT_ONCE && atomic_load(&players->waiting) < WAITING; sent++) {
        const char move[3] = { (char)(sent % SEATS), (char)(sent % 4), (char)players->loop };
        players->next = (players->next + 1) % bench->rooms;
        atomic_fetch_add_explicit(&players->waiting, 1, memory_order_relaxed);
        say(bench, players->next, move);
    }
    go_on(players, sent < AT_ONCE);
}

static uint64_t taken(const struct bench *bench)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < bench->rooms; i++)
        sum += atomic_load_explicit(&bench->all[i]->messages, memory_order_relaxed);
    return sum;
}

static void bench_begin(struct bench *bench)
{
    char name[NAME_MAX];
    check(pinion_endpoint_new(&bench->endpoint, &(pinion_endpoint_options){
                                                    .host = "127.0.0.1", .loops = LOOPS, .context = bench }));
    bench->all = calloc(bench->rooms, sizeof *bench->all);
    for (unsigned i = 0; i < bench->rooms; i++) {
        room_name(name, i);
        bench->all[i] = room_new(name);
    }
    if (bench->mutex)
        make_table(bench);
    else
        make_actors(bench);
    check(pinion_endpoint_start(bench->endpoint));
    atomic_store(&bench->running, LOOPS);
    for (unsigned i = 0; i < LOOPS; i++) {
        bench->players[i].bench = bench;
        bench->players[i].loop = i;
        bench->players[i].next = i * bench->rooms / LOOPS;
        check(pinion_endpoint_post(bench->endpoint, i, play, &bench->players[i]));
    }
}

static void bench_end(struct bench *bench)
{
    atomic_store(&bench->over, true);
    while (atomic_load(&bench->running) > 0)
        rest(0.001);
    pinion_endpoint_free(bench->endpoint);
    for (unsigned i = 0; i < bench->rooms; i++) {
        if (bench->refs)
            pinion_actor_ref_free(bench->refs[i]);
        free(bench->all[i]);
    }
    free(bench->refs);
    free(bench->buckets);
    free(bench->all);
}

struct result {
    double rate; /* messages a second */
    double cost; /* nanoseconds of processor time for each */
};

static struct result measure(unsigned rooms, bool mutex, double seconds)
{
    struct bench bench = { .rooms = rooms, .mutex = mutex };
    bench_begin(&bench);
    rest(seconds / 4);
    uint64_t before = taken(&bench);
    double began = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
    rest(seconds);
    double messages = (double)(taken(&bench) - before);
    const struct result result = { messages / (now(CLOCK_MONOTONIC) - began),
                                   (now(CLOCK_PROCESS_CPUTIME_ID) - used) * 1e9 / messages };
    bench_end(&bench);
    return result;
}

/* Several times in turn, since a machine has other things to do. */
static void compare(unsigned rooms, double seconds)
{
    struct result mutex = { 0, 0 }, actors = { 0, 0 };
    for (int i = 0; i < ROUNDS; i++) {
        struct result one = measure(rooms, true, seconds / ROUNDS),
                      other = measure(rooms, false, seconds / ROUNDS);
        mutex.rate += one.rate / ROUNDS;
        mutex.cost += one.cost / ROUNDS;
        actors.rate += other.rate / ROUNDS;
        actors.cost += other.cost / ROUNDS;
    }
    printf(
        "%5u room%s: under a mutex %8.0f messages/s of %4.0f ns, as actors %8.0f of %4.0f ns: %.2f times\n",
        rooms, rooms == 1 ? "" : "s", mutex.rate, mutex.cost, actors.rate, actors.cost,
        actors.rate / mutex.rate);
}

/* ---- an actor that nobody uses ---- */

static void weigh(void)
{
    static const pinion_actor_def nothing = { .handle_info = handle_info };
    pinion_endpoint *endpoint;
    char name[NAME_MAX];
    check(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = LOOPS }));
    check(pinion_endpoint_start(endpoint));
    size_t before = mallinfo2().uordblks;
    for (unsigned i = 0; i < IDLE; i++) {
        pinion_actor_ref *ref;
        room_name(name, i);
        check(pinion_actor_open(endpoint, name, &nothing, NULL, NULL, &ref));
        pinion_actor_ref_free(ref);
    }
    rest(0.2); /* all have begun */
    printf("an actor that nobody uses: %zu bytes, its name of %zu and its place in the table included\n",
           (mallinfo2().uordblks - before) / IDLE, strlen(name));
    pinion_endpoint_free(endpoint);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 6;
    pinion_log_set_level(PINION_LOG_NONE);
    compare(1, seconds);
    compare(10000, seconds);
    weigh();
    return 0;
}
