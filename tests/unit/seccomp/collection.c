/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "collection.h"

#include "../unit.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/strv.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLICY_END     ".policy"
#define INSTALLED_SIZE (64 * 1024) /* of one file there; the largest has 4 KiB */

/* Where policies of the collection look for others, and where in the collection these are. */
static const struct {
	const char *installed, *collected; /* followed by the architecture's directory */
} places[] = {
	{ "/usr/share/policy/crosvm", "google+crosvm/jail/seccomp" },
};

/* What that directory is called. */
static const char *const directories[_ARCHITECTURE_MAX] = {
	[ARCHITECTURE_X86_64] = "x86_64",
	[ARCHITECTURE_ARM64] = "aarch64",
	[ARCHITECTURE_RISCV64] = "riscv64",
};

static void make_directories(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
}

static void copy_file(int from_fd, int to_fd, const char *name)
{
	_cleanup_close_ int in = openat(from_fd, name, O_RDONLY | O_CLOEXEC),
			    out = openat(to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	_cleanup_free_ char *text = NULL;
	size_t size;

	assert_true(out >= 0);
	assert_int_equal(read_fd_to_end(in, INSTALLED_SIZE, &text, &size), 0);
	assert_int_equal(write_full(out, text, size), 0);
}

static void install(const struct collection *c, const char *collected, const char *directory, char *to)
{
	_cleanup_free_ char *from = NULL;
	_cleanup_(closedirp) DIR *dir = NULL;
	_cleanup_close_ int to_fd = -1;

	assert_true(asprintf(&from, "%s/%s/%s", c->path, collected, directory) > 0);
	dir = opendir(from);
	if (!dir)
		return;
	make_directories(to);
	to_fd = open(to, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (entry->d_type == DT_REG && !strstr(entry->d_name, ".json"))
			copy_file(dirfd(dir), to_fd, entry->d_name);
}

static char *root_of(const struct collection *c, const struct architecture *a)
{
	char *root;

	assert_true(asprintf(&root, "%s/%s", c->scratch, a->name) > 0);
	return root;
}

static void make_roots(struct collection *c)
{
	memcpy(c->scratch, "/tmp/bailiff-collection-XXXXXX", sizeof("/tmp/bailiff-collection-XXXXXX"));
	assert_non_null(mkdtemp(c->scratch));
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		_cleanup_free_ char *root = root_of(c, &architectures[i]);

		make_directories(root);
		for (size_t j = 0; directories[i] && j < ELEMENTS(places); j++) {
			_cleanup_free_ char *to = NULL;

			assert_true(asprintf(&to, "%s%s", root, places[j].installed) > 0);
			install(c, places[j].collected, directories[i], to);
		}
	}
}

int collection_setup(void **state)
{
	static struct collection c;
	const char *source = getenv("BAILIFF_SOURCE_ROOT");

	*state = &c;
	if (asprintf(&c.path, "%s/../shared/corpus", source ? source : ".") < 0)
		return -1;
	c.fd = open(c.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c.fd >= 0)
		make_roots(&c);
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

int collection_teardown(void **state)
{
	struct collection *c = *state;

	if (c->fd >= 0)
		(void)nftw(c->scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	(void)fd_close(c->fd);
	free(c->path);
	return 0;
}

bool collection_there(const struct collection *c)
{
	if (c->fd >= 0)
		return true;
	print_message("no collection of policies beside the tree\n");
	if (!getenv("BAILIFF_MUST_WORK"))
		skip();
	return false;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* nftw() has no room for an argument. */
static struct {
	char **names;
	size_t skip; /* bytes of the collection's own path */
} found;

static int take_policy(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	size_t length = strlen(path), end = strlen(POLICY_END);

	if (type != FTW_F || length < end || strcmp(path + length - end, POLICY_END) != 0)
		return 0;
	return strv_extend(&found.names, path + found.skip);
}

char **collection_list(const struct collection *c)
{
	char **names;

	found.skip = strlen(c->path) + 1;
	assert_int_equal(nftw(c->path, take_policy, 16, FTW_PHYS), 0);
	names = steal_ptr(found.names);
	assert_non_null(names);
	qsort(names, strv_length(names), sizeof(*names), compare_names);
	return names;
}

char *collection_read(const struct collection *c, const char *name)
{
	_cleanup_close_ int fd = openat(c->fd, name, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, POLICY_BYTES_MAX, &text, &size), 0);
	return text;
}

int collection_compile(const struct collection *c, const char *name, const struct architecture *a,
	unsigned flags, struct seccomp_result *ret)
{
	_cleanup_free_ char *root = root_of(c, a);
	struct seccomp_options options = {
		.architecture = a,
		.flags = flags | SECCOMP_UNTRUSTED,
		.root = root,
	};

	return seccomp_compile_file(c->fd, name, name, &options, ret);
}
