/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * client/bus against libsystemd: the same calls on the same message, in the order that the input gives. What
 * they return, read and write must be the same. The first byte says whether a message is read or written.
 *
 * Read: how many descriptors came with it, how many calls there are, these, one byte each, and the message.
 * Written: the calls.
 */

#include "base/error.h"
#include "base/fd.h"
#include "both.h"
#include "broker/gate.h"
#include "message/check.h"
#include "wire/stream.h"

#include "tests/unit/broker/sink.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FDS_MAX   4U
#define WRITE_MAX 40 /* calls: of the types of more, ours says sooner that they are too many */
#define DEPTH_MAX 60 /* from 64 on ours refuses what theirs does from 128 on */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both of what is done. */
struct pair {
	sd_bus_message *their, *our;
	size_t depth;
	bool read; /* false: something went wrong, in both, in the middle of something */
	const uint8_t *script;
	size_t n;
};

static struct {
	sd_bus *bus; /* of theirs */
	int fd, null_fd;
	struct pair pair;
	bool seen;
} all;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int sign(int r)
{
	return r < 0 ? -1 : r > 0;
}

/* Both or none. */
static bool agree(struct pair *p, int their, int our)
{
	require(sign(their) == sign(our));
	if (their < 0)
		p->read = false;
	return their > 0;
}

/* What success is called is nobody's affair. */
static void both_write(struct pair *p, int their, int our)
{
	(void)agree(p, their < 0 ? their : 0, our < 0 ? our : 0);
}

static uint8_t next(struct pair *p)
{
	uint8_t v = p->n > 0 ? *p->script : 0;

	p->script += p->n > 0;
	p->n -= p->n > 0;
	return v;
}

static void same_text(const char *a, const char *b)
{
	require((a == NULL) == (b == NULL) && (!a || strcmp(a, b) == 0));
}

/* U+FFFE, U+FFFF of each plane, U+FDD0 to U+FDEF: Unicode calls them noncharacters, RFC 3629 and D-Bus have
 * them. libsystemd does not take them. */
static bool has_noncharacter(const char *s)
{
	for (; *s; s++) {
		const unsigned char a = (unsigned char)s[0], b = a ? (unsigned char)s[1] : 0,
				    c = b ? (unsigned char)s[2] : 0;

		if ((a & 0xcf) == 0x8f && b == 0xbf && (c == 0xbe || c == 0xbf))
			return true;
		if (a == 0xef &&
			((b == 0xbf && (c == 0xbe || c == 0xbf)) || (b == 0xb7 && c >= 0x90 && c <= 0xaf)))
			return true;
	}
	return false;
}

static void read_basic(struct pair *p, char type)
{
	union {
		uint64_t number;
		const char *text;
		int fd;
	} a = { 0 }, b = { 0 };
	const bool text = strchr("sog", type);
	const int their = theirs.read_basic(p->their, type, &a), our = ours.read_basic(p->our, type, &b);

	if (our > 0 && their < 0 && text && has_noncharacter(b.text)) {
		p->n = 0;
		return;
	}
	require(sign(their) == sign(our));
	/* of the same file, by another number */
	if (type == 'h')
		require(their <= 0 || (a.fd >= 0 && b.fd >= 0 && a.fd != b.fd));
	else if (their > 0 && text)
		same_text(a.text, b.text);
	else if (their > 0)
		require(a.number == b.number);
}

static char peek(struct pair *p, char contents[256])
{
	const char *a, *b;
	char x, y;
	const int their = theirs.peek_type(p->their, &x, &a), our = ours.peek_type(p->our, &y, &b);

	require(sign(their) == sign(our));
	if (their < 0)
		return '\0';
	require(x == y);
	same_text(a, b);
	(void)snprintf(contents, 256, "%s", a ? a : "");
	return x;
}

static void enter(struct pair *p, char type, const char *contents)
{
	int their, our;

	if (p->depth == DEPTH_MAX)
		return;
	their = theirs.enter_container(p->their, type, contents);
	our = ours.enter_container(p->our, type, contents);
	require(sign(their) == sign(our));
	p->depth += their > 0;
}

static void enter_next(struct pair *p)
{
	char contents[256], type = peek(p, contents);

	if (type != '\0' && strchr("arev", type))
		enter(p, type, contents);
}

static void leave(struct pair *p)
{
	const int their = theirs.exit_container(p->their), our = ours.exit_container(p->our);

	require(sign(their) == sign(our));
	p->depth -= their > 0;
}

static void read_words(struct pair *p)
{
	char **a = NULL, **b = NULL;
	const bool any = agree(p, theirs.read_strv(p->their, &a), ours.read_strv(p->our, &b));

	require((a == NULL) == (b == NULL));
	for (size_t i = 0; any && a; i++) {
		same_text(a[i], b[i]);
		if (!a[i])
			break;
	}
	for (size_t i = 0; a && a[i]; i++)
		free(a[i]);
	for (size_t i = 0; b && b[i]; i++)
		free(b[i]);
	free(a);
	free(b);
}

/* As the library reads. */
static void read_several(struct pair *p, uint8_t which)
{
	const char *s[2][3] = { 0 };
	int n[2][2] = { 0 };
	uint64_t t[2] = { 0 };

#define BOTH(...)                                                                                            \
	do {                                                                                                 \
		int i = 0, their = theirs.read(p->their, __VA_ARGS__), our;                                  \
		i = 1;                                                                                       \
		our = ours.read(p->our, __VA_ARGS__);                                                        \
		(void)agree(p, their, our);                                                                  \
	} while (0)

	switch (which % 5) {
	case 0:
		BOTH("(tsss)", &t[i], &s[i][0], &s[i][1], &s[i][2]);
		break;
	case 1:
		BOTH("sii", &s[i][0], &n[i][0], &n[i][1]);
		break;
	case 2:
		BOTH("v", "t", &t[i]);
		break;
	case 3:
		BOTH("{ss}", &s[i][0], &s[i][1]);
		break;
	default:
		BOTH("ou", &s[i][0], &n[i][0]);
		break;
	}
	if (!p->read)
		return;
	for (size_t i = 0; i < 3; i++)
		same_text(s[0][i], s[1][i]);
	require(t[0] == t[1] && memcmp(n[0], n[1], sizeof(n[0])) == 0);
}

static void read_step(struct pair *p)
{
	static const char basic[] = "ybnqiuxtdsogh";
	static const struct {
		char type;
		const char *contents;
	} wrong[] = { { 'a', "s" }, { 'a', "{sv}" }, { 'a', "au" }, { 'v', "s" }, { 'v', "t" }, { 'r', "tt" },
		{ 'e', "sv" } };
	const uint8_t op = next(p), which = op / 12;
	char contents[256];
	int complete;

	switch (op % 12) {
	case 0:
	case 1:
		read_basic(p, basic[which % (sizeof(basic) - 1)]);
		break;
	case 2: {
		const char type = peek(p, contents);

		if (type != '\0' && strchr(basic, type))
			read_basic(p, type);
		else
			enter_next(p);
		break;
	}
	case 3:
		enter_next(p);
		break;
	case 4:
		enter(p, wrong[which % ELEMENTSOF(wrong)].type, wrong[which % ELEMENTSOF(wrong)].contents);
		break;
	case 5:
	case 6:
		leave(p);
		break;
	case 7:
		complete = which & 1;
		require(theirs.at_end(p->their, complete) == ours.at_end(p->our, complete));
		break;
	case 8:
		(void)agree(p, theirs.skip(p->their, "v"), ours.skip(p->our, "v"));
		break;
	case 9:
		read_words(p);
		break;
	case 10:
		read_several(p, which);
		break;
	default:
		require(sign(theirs.rewind(p->their, 1)) == sign(ours.rewind(p->our, 1)));
		p->depth = 0;
		break;
	}
}

static void compare_heads(const struct pair *p)
{
	const sd_bus_error *a = theirs.get_error(p->their), *b = ours.get_error(p->our);

	same_text(theirs.get_path(p->their), ours.get_path(p->our));
	same_text(theirs.get_sender(p->their), ours.get_sender(p->our));
	require((a == NULL) == (b == NULL));
	if (a) {
		same_text(a->name, b->name);
		if (!b->message || !has_noncharacter(b->message))
			same_text(a->message, b->message);
	}
	for (unsigned i = 0; i < 4; i++) {
		const char *interface = i & 1 ? "org.example.Interface" : NULL,
			   *member = i & 2 ? "Method" : NULL;

		require(theirs.is_signal(p->their, interface, member) ==
			ours.is_signal(p->our, interface, member));
	}
	require(theirs.has_signature(p->their, "sss") == ours.has_signature(p->our, "sss"));
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct pair *p = &all.pair;

	all.seen = true;
	p->their = m;
	compare_heads(p);
	/* the text of an error was read, and is where they are */
	(void)theirs.rewind(p->their, 1);
	(void)ours.rewind(p->our, 1);
	while (p->n > 0 && p->read)
		read_step(p);
	return 1;
}

static void begin(void)
{
	all.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	require(all.null_fd >= 0);
	require(gate_open("fuzz", SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), true,
			&all.bus, &all.fd) == 0);
	require(sd_bus_add_filter(all.bus, NULL, on_message, NULL) >= 0);
}

static void pass_to_theirs(const uint8_t *m, size_t size, size_t n_fds)
{
	const int fds[FDS_MAX] = { all.null_fd, all.null_fd, all.null_fd, all.null_fd };
	uint8_t answers[256];
	size_t sent = 0;
	int r = 1;

	while (sent < size || r > 0) {
		ssize_t n =
			sent < size ? stream_send(all.fd, m + sent, size - sent, fds, sent ? 0 : n_fds) : 0;

		require(n >= 0 || n == -EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
		r = sd_bus_process(all.bus, NULL);
		require(r >= 0);
	}
	while (recv(all.fd, answers, sizeof(answers), MSG_DONTWAIT) > 0)
		;
}

static void try_reading(const uint8_t *data, size_t size)
{
	_cleanup_free_ uint8_t *m = NULL;
	struct pair *p = &all.pair;
	struct message_head head;
	size_t n_fds, n;
	int fds[FDS_MAX];
	bool consistent;

	if (size < 2 || (size_t)data[1] + 2 + MESSAGE_HEAD_SIZE > size)
		return;
	n_fds = data[0] % FDS_MAX;
	n = data[1];
	m = malloc(size - 2 - n);
	require(m);
	memcpy(m, data + 2 + n, size - 2 - n);
	size -= 2 + n;
	message_fit_body(m, size);
	if (message_open(m, size, n_fds, &head) < 0)
		return;
	for (size_t i = 0; i < n_fds; i++)
		fds[i] = fd_dup_above(all.null_fd, 3);
	consistent = (size > head.body_at) == (head.signature && *head.signature);
	*p = (struct pair){
		.our = ours_receive(m, size, fds, n_fds), .read = true, .script = data + 2, .n = n
	};
	/* a body without types, or types without one: theirs drops it */
	require((p->our != NULL) == consistent);
	if (!p->our)
		return;
	all.seen = false;
	pass_to_theirs(m, size, n_fds);
	require(all.seen);
	(void)ours.unref(p->our);
}

static void open_both(struct pair *p, uint8_t which)
{
	static const struct {
		char type;
		const char *contents;
	} kinds[] = { { 'a', "s" }, { 'a', "{sv}" }, { 'a', "{ss}" }, { 'a', "y" }, { 'a', "(hsb)" },
		{ 'a', "t" }, { 'v', "s" }, { 'v', "as" }, { 'v', "t" }, { 'v', "(qq)" }, { 'v', "h" },
		{ 'r', "hsb" }, { 'r', "qq" }, { 'e', "sv" }, { 'e', "ss" }, { 'v', "a{s(tt)}" },
		{ 'a', "{s(tt)}" } };
	const char type = kinds[which % ELEMENTSOF(kinds)].type,
		   *contents = kinds[which % ELEMENTSOF(kinds)].contents;

	if (p->depth == DEPTH_MAX)
		return;
	both_write(p, theirs.open_container(p->their, type, contents),
		ours.open_container(p->our, type, contents));
	p->depth++;
}

static void append_basic(struct pair *p, char type)
{
	static const char *const texts[] = { "", "a", "/", "/a/b", "text\xc3\xa4" };
	const uint8_t v = next(p);
	const uint64_t number = type == 'h' ? (uint64_t)all.null_fd : UINT64_C(0x0102030405060708) * v;
	const char *text = type == 'o' ? texts[2 + v % 2] : type == 'g' ? "" : texts[v % ELEMENTSOF(texts)];
	const void *value = strchr("sog", type) ? (const void *)text : &number;

	both_write(p, theirs.append_basic(p->their, type, value), ours.append_basic(p->our, type, value));
}

static void append_several(struct pair *p, uint8_t which)
{
#define APPEND(...) both_write(p, theirs.append(p->their, __VA_ARGS__), ours.append(p->our, __VA_ARGS__))

	switch (which % 6) {
	case 0:
		APPEND("{sv}", "key", "t", UINT64_C(1) << 40);
		break;
	case 1:
		APPEND("{sv}", "key", "(qq)", 3, 4);
		break;
	case 2:
		APPEND("(hsb)", all.null_fd, "x", 1);
		break;
	case 3:
		APPEND("{s(tt)}", "x", UINT64_C(1), UINT64_MAX);
		break;
	case 4:
		APPEND("as", 2, "one", "two");
		break;
	default:
		APPEND("su", "x", 5U);
		break;
	}
}

static void append_words(struct pair *p, uint8_t which)
{
	char one[] = "one", two[] = "zwei", *words[] = { one, two, NULL };

	words[which % 3] = NULL;
	both_write(p, theirs.append_strv(p->their, words), ours.append_strv(p->our, words));
}

static void write_step(struct pair *p)
{
	static const char basic[] = "ybnqiuxtdsogh";
	const uint8_t op = next(p), which = op / 8;

	switch (op % 8) {
	case 0:
	case 1:
		append_basic(p, basic[which % (sizeof(basic) - 1)]);
		break;
	case 2:
	case 3:
		open_both(p, which);
		break;
	case 4:
	case 5:
		if (p->depth == 0)
			return;
		both_write(p, theirs.close_container(p->their), ours.close_container(p->our));
		p->depth--;
		break;
	case 6:
		append_several(p, which);
		break;
	default:
		if (which % 2)
			append_words(p, which / 2);
		else
			both_write(p, theirs.append_array(p->their, 'y', "bytes", which % 6),
				ours.append_array(p->our, 'y', "bytes", which % 6));
		break;
	}
}

/* Both bodies, and what the heads say; in which order is nobody's affair. */
static void compare_bytes(const uint8_t *a, size_t size_a, const uint8_t *b, size_t size_b, size_t n_fds)
{
	struct message_head x, y;

	require(message_open(a, size_a, n_fds, &x) == 0 && message_open(b, size_b, n_fds, &y) == 0);
	require(x.type == y.type && x.serial == y.serial && x.wants_answer == y.wants_answer);
	same_text(x.path, y.path);
	same_text(x.interface, y.interface);
	same_text(x.member, y.member);
	same_text(x.signature, y.signature);
	require(size_a - x.body_at == size_b - y.body_at);
	require(memcmp(a + x.body_at, b + y.body_at, size_a - x.body_at) == 0);
}

static void compare_written(struct pair *p)
{
	static uint8_t data[1024 * 1024];
	int fds[STREAM_FDS_MAX];
	const uint8_t *ours_data;
	size_t size = 0, ours_size, n_fds = 0;
	uint64_t cookie;
	ssize_t n;

	/* theirs are sent over the socket, to see them */
	require(sd_bus_send(all.bus, p->their, &cookie) >= 0);
	while ((n = stream_receive(all.fd, data + size, sizeof(data) - size, fds, &n_fds)) > 0)
		size += (size_t)n;
	require(n == -EAGAIN);
	require(ours_seal(p->our, (uint32_t)cookie, &ours_data, &ours_size) == 0);
	compare_bytes(data, size, ours_data, ours_size, n_fds);
	fd_close_many(fds, n_fds);
}

static void try_writing(const uint8_t *data, size_t size)
{
	struct pair *p = &all.pair;

	*p = (struct pair){
		.our = ours_begin(), .read = true, .script = data, .n = size < WRITE_MAX ? size : WRITE_MAX
	};
	require(sd_bus_message_new_method_call(
			all.bus, &p->their, "org.example.A", "/a/b", "org.example.I", "M") >= 0);
	while (p->n > 0 && p->read)
		write_step(p);
	if (p->read && p->depth == 0)
		compare_written(p);
	(void)theirs.unref(p->their);
	(void)ours.unref(p->our);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!all.bus)
		begin();
	if (size == 0)
		return 0;
	if (data[0] & 1)
		try_writing(data + 1, size - 1);
	else
		try_reading(data + 1, size - 1);
	return 0;
}
