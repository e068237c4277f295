/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz-values.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define DEPTH_MAX     6
#define DEEP          24 /* variants in each other; D-Bus takes 64 containers */
#define LONG          200
#define SIGNATURE_MAX 255 /* D-Bus' own limit, and one more than sd-bus takes */
#define FDS_MAX       12  /* a stock bus ends the connection at the 17th */

/* Of LaunchSandboxed and Explain: introspection can not tell what is in a{sv}. */
static const struct {
	const char *key, *type;
} options[] = {
	{ "argv-bytes", "aay" },
	{ "env-bytes", "a(ayay)" },
	{ "unset-env", "as" },
	{ "cwd", "s" },
	{ "stdio", "a{us}" },
	{ "pty", "(qq)" },
	{ "lifeline", "h" },
	{ "detach", "b" },
	{ "stop-signal", "i" },
	{ "stop-timeout-usec", "t" },
	{ "runtime-max-usec", "t" },
	{ "ready", "s" },
	{ "rlimits", "a{s(tt)}" },
	{ "memory-max", "t" },
	{ "tasks-max", "t" },
	{ "cpu-quota", "u" },
	{ "oom-score-adj", "i" },
	{ "nice", "i" },
	{ "drop-capabilities", "as" },
	{ "no-network", "b" },
	{ "bind-fds", "a(hsb)" },
	{ "user", "s" },
	{ "fd-channel", "h" },
	{ "token", "s" },
	{ "tag", "s" },
	{ "optional", "as" },
	{ "interactive", "b" },
};

static const char *const edges[] = { "", " ", "/", ".", "..", "../../../etc/shadow", "%n%s%s%n", "a\nb",
	"<0>bailiff-broker: a line of somebody else's", "\x01\x7f\x1b[2J", "=", "A=", "=B", "LD_PRELOAD",
	"-1", "0", "18446744073709551616", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	"\xe2\x82\xac\xf0\x9f\x94\xa5", "null", "pipe", "socket", "pty", "journal", "NOFILE", "CORE", "all",
	"main", "debug", "7", "org.freedesktop.DBus" };

guint fuzz_below(struct fuzz_values *v, guint n)
{
	return (guint)g_rand_int_range(v->random, 0, (gint32)n);
}

bool fuzz_chance(struct fuzz_values *v, guint percent)
{
	return fuzz_below(v, 100) < percent;
}

const char *fuzz_pick(struct fuzz_values *v, const GPtrArray *strings)
{
	return strings->pdata[fuzz_below(v, strings->len)];
}

void fuzz_word(struct fuzz_values *v, const char *word)
{
	g_ptr_array_add(v->words, g_strdup(word));
}

static void add_pair(struct fuzz_values *v, size_t i, const int pair[2])
{
	v->sources[i] = pair[0];
	v->partners[i] = pair[1];
}

/* Descriptors of every kind; the partners keep pipes and sockets open. */
static void open_sources(struct fuzz_values *v)
{
	const sigset_t none = { 0 };
	int pair[2];
	size_t i = 0;

	for (size_t k = 0; k < FUZZ_SOURCES; k++)
		v->sources[k] = v->partners[k] = -1;
	v->sources[i++] = open("/dev/null", O_RDWR | O_CLOEXEC);
	v->sources[i++] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	v->sources[i++] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	v->sources[i++] = open("/usr/bin", O_PATH | O_CLOEXEC);
	v->sources[i++] = open("/etc/hostname", O_PATH | O_CLOEXEC);
	v->sources[i++] = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	v->sources[i++] = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	v->sources[i++] = memfd_create("fuzz", MFD_CLOEXEC);
	v->sources[i++] = eventfd(0, EFD_CLOEXEC);
	v->sources[i++] = epoll_create1(EPOLL_CLOEXEC);
	v->sources[i++] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	v->sources[i++] = signalfd(-1, &none, SFD_CLOEXEC);
	v->sources[i++] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	for (size_t k = 0; k < 2 && pipe2(pair, O_CLOEXEC) == 0; k++)
		add_pair(v, i++, (const int[]){ pair[k], pair[!k] });
	if (pipe2(pair, O_CLOEXEC) == 0) { /* at its end of file */
		(void)close(pair[1]);
		v->sources[i++] = pair[0];
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0)
		add_pair(v, i++, pair);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
		add_pair(v, i++, pair);
	g_assert(i == FUZZ_SOURCES);
	for (i = 0; i < FUZZ_SOURCES; i++)
		g_assert(v->sources[i] >= 0);
}

void fuzz_values_init(struct fuzz_values *v, guint32 seed)
{
	*v = (struct fuzz_values){ .random = g_rand_new_with_seed(seed),
		.words = g_ptr_array_new_with_free_func(g_free),
		.paths = g_ptr_array_new_with_free_func(g_free),
		.ids = g_array_new(FALSE, FALSE, sizeof(guint64)) };
	for (size_t i = 0; i < G_N_ELEMENTS(edges); i++)
		fuzz_word(v, edges[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
		fuzz_word(v, options[i].key);
	open_sources(v);
}

void fuzz_values_done(struct fuzz_values *v)
{
	for (size_t i = 0; i < FUZZ_SOURCES; i++) {
		(void)close(v->sources[i]);
		if (v->partners[i] >= 0)
			(void)close(v->partners[i]);
	}
	g_clear_object(&v->fds);
	g_rand_free(v->random);
	g_ptr_array_unref(v->words);
	g_ptr_array_unref(v->paths);
	g_array_unref(v->ids);
}

void fuzz_begin(struct fuzz_values *v)
{
	g_clear_object(&v->fds);
	v->fds = g_unix_fd_list_new();
}

/* The handle of a descriptor that goes with the message; sometimes one of none. */
static gint32 handle(struct fuzz_values *v)
{
	const guint which = fuzz_below(v, FUZZ_SOURCES);
	const int n = g_unix_fd_list_get_length(v->fds);
	int k;

	if (fuzz_chance(v, 4))
		return fuzz_chance(v, 50) ? n + 1 : G_MAXINT32;
	if (n >= FDS_MAX)
		return (gint32)which % n;
	k = g_unix_fd_list_append(v->fds, v->sources[which], NULL);
	g_assert(k >= 0);
	return k;
}

static guint64 integer(struct fuzz_values *v)
{
	static const guint64 limits[] = { 0, 1, 2, 3, 9, 15, 64, 65, 255, 1000, 1000000, G_MAXINT16,
		G_MAXINT32, G_MAXUINT32, G_MAXINT64, G_MAXUINT64, G_MAXUINT64 - 1, (guint64)1 << 31,
		(guint64)1 << 63 };
	const guint64 random = (guint64)g_rand_int(v->random) << 32 | g_rand_int(v->random);
	const guint limit = fuzz_below(v, G_N_ELEMENTS(limits)), id = fuzz_below(v, MAX(v->ids->len, 1));
	const guint kind = fuzz_below(v, 10);

	if (kind < 3 && v->ids->len > 0)
		return g_array_index(v->ids, guint64, id);
	return kind < 8 ? limits[limit] : random >> (random & 63);
}

static double real(struct fuzz_values *v)
{
	static const double limits[] = { 0, -0.0, 1, -1, NAN, INFINITY, -INFINITY, G_MAXDOUBLE, G_MINDOUBLE,
		0.1 };

	return limits[fuzz_below(v, G_N_ELEMENTS(limits))];
}

static char *letters(struct fuzz_values *v)
{
	static const guint sizes[] = { 1, 12, 40, 63, 64, 65, 255, 256, 257, 1000, 4096, 20000, 51200 };
	/* the longest seldom: they would be all that there is time for */
	const guint n = sizes[fuzz_below(v, fuzz_chance(v, 3) ? G_N_ELEMENTS(sizes) : 9)];
	char *s = g_malloc(n + 1);

	memset(s, "aZ0/%="[fuzz_below(v, 6)], n);
	s[n] = '\0';
	return s;
}

static GVariant *text(struct fuzz_values *v)
{
	const guint kind = fuzz_below(v, 20);

	if (kind < 14)
		return g_variant_new_string(fuzz_pick(v, v->words));
	if (kind < 16 && v->paths->len > 0)
		return g_variant_new_string(fuzz_pick(v, v->paths));
	return g_variant_new_take_string(letters(v));
}

static GVariant *object_path(struct fuzz_values *v)
{
	static const char *const paths[] = { "/", "/org", "/org/bailiff/Broker1/sandbox", "/_00",
		"/org/bailiff/Broker1/sandbox/18446744073709551616", "/org/bailiff/Broker1/profile/_" };

	return g_variant_new_object_path(v->paths->len > 0 && fuzz_chance(v, 70)
						 ? fuzz_pick(v, v->paths)
						 : paths[fuzz_below(v, G_N_ELEMENTS(paths))]);
}

static GVariant *signature(struct fuzz_values *v)
{
	static const char *const signatures[] = { "", "s", "a{sv}", "(a{uh}as)", "aaaaaaaaaaaaaaaay",
		"((((((((((((s))))))))))))", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy" };

	return g_variant_new_signature(signatures[fuzz_below(v, G_N_ELEMENTS(signatures))]);
}

static GVariant *basic(struct fuzz_values *v, char type)
{
	const guint64 u = type == 's' || type == 'o' || type == 'g' || type == 'h' ? 0 : integer(v);

	switch (type) {
	case 'b':
		return g_variant_new_boolean(u & 1);
	case 'y':
		return g_variant_new_byte((guchar)u);
	case 'n':
		return g_variant_new_int16((gint16)u);
	case 'q':
		return g_variant_new_uint16((guint16)u);
	case 'i':
		return g_variant_new_int32((gint32)u);
	case 'u':
		return g_variant_new_uint32((guint32)u);
	case 'x':
		return g_variant_new_int64((gint64)u);
	case 't':
		return g_variant_new_uint64(u);
	case 'd':
		return g_variant_new_double(real(v));
	case 'h':
		return g_variant_new_handle(handle(v));
	case 'o':
		return object_path(v);
	case 'g':
		return signature(v);
	default:
		return text(v);
	}
}

/* A complete type; containers only while there is depth. Free. */
static char *any_type(struct fuzz_values *v, guint depth)
{
	static const char basics[] = "bynqiuxtdsogh";
	const guint kind = fuzz_below(v, 10);
	const char key = basics[fuzz_below(v, sizeof(basics) - 1)];
	g_autofree char *inner = NULL;

	if (depth >= DEPTH_MAX || kind < 5)
		return g_strdup_printf("%c", kind == 0 ? 'v' : key);
	inner = any_type(v, depth + 2);
	if (kind < 7)
		return g_strdup_printf("a%s", inner);
	if (kind < 8)
		return g_strdup_printf("a{%c%s}", key, inner);
	return g_strdup_printf("(%s%c)", inner, key);
}

static GVariant *variant(struct fuzz_values *v, guint depth)
{
	g_autofree char *type = any_type(v, depth);
	GVariant *value = fuzz_value(v, G_VARIANT_TYPE(type), depth + 1);
	const bool deep = depth == 0 && fuzz_chance(v, 3);

	for (int i = 0; i < (deep ? DEEP : 0); i++)
		value = g_variant_new_variant(value);
	return g_variant_new_variant(value);
}

static guint length(struct fuzz_values *v, guint depth)
{
	const guint n = fuzz_below(v, 5), many = fuzz_below(v, LONG);

	return depth <= 1 && fuzz_chance(v, 2) ? many : depth >= DEPTH_MAX ? 0 : n;
}

static GVariant *container(struct fuzz_values *v, const GVariantType *type, guint depth)
{
	GVariantBuilder b;

	g_variant_builder_init(&b, type);
	if (g_variant_type_is_array(type)) {
		const GVariantType *element = g_variant_type_element(type);

		for (guint n = length(v, depth); n > 0; n--)
			g_variant_builder_add_value(&b, fuzz_value(v, element, depth + 1));
		return g_variant_builder_end(&b);
	}
	for (const GVariantType *t = g_variant_type_first(type); t; t = g_variant_type_next(t))
		g_variant_builder_add_value(&b, fuzz_value(v, t, depth + 1));
	return g_variant_builder_end(&b);
}

GVariant *fuzz_value(struct fuzz_values *v, const GVariantType *type, guint depth)
{
	if (g_variant_type_equal(type, G_VARIANT_TYPE_VARIANT))
		return variant(v, depth);
	if (g_variant_type_equal(type, G_VARIANT_TYPE_VARDICT) && fuzz_chance(v, 80))
		return fuzz_options(v);
	return g_variant_type_is_basic(type) ? basic(v, *g_variant_type_peek_string(type))
					     : container(v, type, depth);
}

/* Tags are shown in lists, where another user's path would pass for a leak. */
static GVariant *option(struct fuzz_values *v, const char *key, const char *type)
{
	if (strcmp(key, "tag") == 0 && strcmp(type, "s") == 0)
		return g_variant_new_string(fuzz_pick(v, v->words));
	return fuzz_value(v, G_VARIANT_TYPE(type), 2);
}

GVariant *fuzz_options(struct fuzz_values *v)
{
	guint n = fuzz_chance(v, 2) ? fuzz_below(v, LONG) : fuzz_below(v, 4);
	GVariantBuilder b;

	g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
	for (; n > 0; n--) {
		const guint i = fuzz_below(v, G_N_ELEMENTS(options));
		const char *key = fuzz_chance(v, 90) ? options[i].key : fuzz_pick(v, v->words);
		g_autofree char *type = fuzz_chance(v, 80) ? g_strdup(options[i].type) : any_type(v, 2);

		g_variant_builder_add(&b, "{sv}", key, option(v, key, type));
	}
	return g_variant_builder_end(&b);
}

/* As long as a signature can be, and what is just below: bytes, behind descriptors. */
static GVariant *longest(struct fuzz_values *v)
{
	guint size = SIGNATURE_MAX - fuzz_below(v, 3), n = fuzz_below(v, 4);
	GVariantBuilder b;

	g_variant_builder_init(&b, G_VARIANT_TYPE_TUPLE);
	for (; size > 0; size--, n -= n > 0)
		g_variant_builder_add_value(&b, basic(v, n > 0 ? 'h' : 'y'));
	return g_variant_builder_end(&b);
}

GVariant *fuzz_tuple(struct fuzz_values *v, guint n_max)
{
	GVariantBuilder b;
	gsize size = 0;

	if (fuzz_chance(v, 20))
		return longest(v);
	g_variant_builder_init(&b, G_VARIANT_TYPE_TUPLE);
	for (guint n = 1 + fuzz_below(v, n_max); n > 0; n--) {
		g_autofree char *type = any_type(v, 0);

		size += strlen(type);
		if (size > SIGNATURE_MAX)
			break;
		g_variant_builder_add_value(&b, fuzz_value(v, G_VARIANT_TYPE(type), 1));
	}
	return g_variant_builder_end(&b);
}
