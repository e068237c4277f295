/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lines, headings, keys, quotes and specifiers. */

#include "base/cleanup.h"
#include "tests/unit/profile/snippets.h"

/* clang-format off */
static const struct snippet rows[] = {
	/* comments, blanks, line ends */
	{ "", "" },
	{ "\n\n  \t\n", "" },
	{ "# a comment\n; another\n  # and one with blanks before\n", "" },
	{ "[Profile]\nDescription=no newline at the end", "" },
	{ "  [Profile]  \n  Description  =  blanks all around  \n", "" },
	{ "[Profile]\nDescription=x # not a comment\n", "" },
	{ "[Profile]\n[Exec]\n[Profile]\nDescription=twice opened\n", "" },
	{ "[Profile]\nDescription=a=b\n", "" },
	/* continuation */
	{ "[Profile]\nDescription=one \\\n  two\n", "" },
	{ "[Profile]\nDescription=one \\\n# a comment in between\n; and another\n  two\n", "" },
	{ "[Profile]\nDescription=one \\\n", "" },
	{ "[Profile]\nDescription=one \\\n\nBogus\n", "p:4:1: error: expected 'Key=value', '[Section]' or a comment" },
	{ "[Access]\nAllowUser=a \\\n  b \\\n    -c\n", "p:4:5: error: AllowUser=-c: neither a name nor a decimal id from 0 to 4294967294" },
	{ "[Access]\nAllowUser=a \\\n# -x\n -c\n", "p:4:2: error: AllowUser=-c: neither a name nor a decimal id from 0 to 4294967294" },
	{ "[Exec]\nArgument=\\\\\\\\\n", "" },
	/* lines that are nothing */
	{ "Bogus\n", "p:1:1: error: expected 'Key=value', '[Section]' or a comment" },
	{ "  Bogus\n", "p:1:3: error: expected 'Key=value', '[Section]' or a comment" },
	{ "[Profile]\n=x\n", "p:2:1: error: there is no key before '='" },
	{ "Description=x\n", "p:1:1: error: this assignment stands before the first [Section]" },
	{ "[Profile\n", "p:1:1: error: a section heading ends with ']' and nothing may follow it" },
	{ "[Profile] x\n", "p:1:1: error: a section heading ends with ']' and nothing may follow it" },
	{ "[]\nUser=x\n", "p:1:1: error: a section needs a name: [Name]" },
	{ "[\n", "p:1:1: error: a section heading ends with ']' and nothing may follow it" },
	/* bytes that do not belong into a text */
	{ "\xef\xbb\xbf[Profile]\n", "p:1:1: error: byte order mark; save the file as UTF-8 without it" },
	{ "[Profile]\r\n", "p:1:10: error: carriage return; save the file with Unix line ends" },
	{ "[Profile]\nDescription=a\x01z\n", "p:2:14: error: control character; in values write it as an escape such as \\x1b" },
	{ "[Profile]\nDescription=a\x7fz\n", "p:2:14: error: control character; in values write it as an escape such as \\x1b" },
	{ "[Profile]\nDescription=caf\xe9\n", "p:2:16: error: not UTF-8" },
	{ "[Profile]\nDescription=caf\xc3\xa9\n", "" },
	{ "[Profile]\nDescription=\xed\xa0\x80\n", "p:2:13: error: not UTF-8" },
	{ "[Profile]\nDescription=\xc0\xaf\n", "p:2:13: error: not UTF-8" },
	/* sections and keys */
	{ "[Profil]\n", "p:1:1: error: unknown section [Profil]; did you mean [Profile]?" },
	{ "[profile]\nDescription=x\n", "p:1:1: error: unknown section [profile]; did you mean [Profile]?" },
	{ "[Service]\nUser=x\n", "p:1:1: error: unknown section [Service]" },
	{ "[\x1b[31m]\n", "p:1:2: error: control character; in values write it as an escape such as \\x1b" },
	{ "[Exec]\nExecutabel=/x\n", "p:2:1: error: unknown key 'Executabel' in section [Exec]; did you mean 'Executable'?" },
	{ "[Exec]\nexecutable=/x\n", "p:2:1: error: unknown key 'executable' in section [Exec]; did you mean 'Executable'?" },
	{ "[Exec]\n  Zzzzzz=1\n", "p:2:3: error: unknown key 'Zzzzzz' in section [Exec]" },
	{ "[Exec]\nUser=x\n", "p:2:1: error: key 'User' belongs in section [User], not in [Exec]" },
	{ "[Exec]\nPrivateNetwrok=yes\n", "p:2:1: error: unknown key 'PrivateNetwrok' in section [Exec]; did you mean 'PrivateNetwork'?" },
	{ "[Exec]\nStandardInput=journal\n", "p:2:15: error: StandardInput=journal: expected one of null, pipe, fd, inherit, socket, pty" },
	{ "[Exec]\nStandardInput=pty\nStandardOutput=pty\nStandardError=journal\n", "" },
	/* quotes and escapes */
	{ "[Exec]\nEnvironment=\"A=b c\" 'D=e f' G=\"h i\"j\n", "" },
	{ "[Exec]\nEnvironment=A=\\x41\\101\\u00e9\\U0001F600\\s\\t\\\\\n", "" },
	{ "[Exec]\nEnvironment=\"A=b\n", "p:2:13: error: Environment=: this quote is never closed" },
	{ "[Exec]\nEnvironment=A=b 'C\n", "p:2:17: error: Environment=: this quote is never closed" },
	{ "[Exec]\nEnvironment=A=\\q\n", "p:2:15: error: Environment=: unknown escape; a backslash itself is written \\\\" },
	{ "[Exec]\nEnvironment=A=\\xg1\n", "p:2:17: error: Environment=: digit missing in an escape" },
	{ "[Exec]\nEnvironment=A=\\x4\n", "p:2:18: error: Environment=: digit missing in an escape" },
	{ "[Exec]\nEnvironment=A=\\x00\n", "p:2:16: error: Environment=: a value can't hold a NUL character" },
	{ "[Exec]\nEnvironment=A=\\000\n", "p:2:16: error: Environment=: a value can't hold a NUL character" },
	{ "[Exec]\nEnvironment=A=\\777\n", "p:2:16: error: Environment=: no such byte; octal escapes go to \\377" },
	{ "[Exec]\nEnvironment=A=\\ud800\n", "p:2:16: error: Environment=: no such Unicode character" },
	{ "[Exec]\nEnvironment=A=\\U00110000\n", "p:2:16: error: Environment=: no such Unicode character" },
	/* specifiers */
	{ "[Profile]\nDescription=100%%\n", "" },
	{ "[Filesystem]\nBindPaths=%t/x\n", "" },
	{ "[Profile]\nDescription=100%\n", "p:2:16: error: Description=: '%' at the end of the value; a percent sign is written %%" },
	{ "[Profile]\nDescription=for %i\n", "p:2:17: error: Description=: profiles have no instances, so %i, %I, %j and %J mean nothing; a percent sign is written %%" },
	{ "[Exec]\nWorkingDirectory=%h/x\n", "p:2:18: error: WorkingDirectory=: %u, %U and %h are not supported yet; a percent sign is written %%" },
	{ "[Exec]\nExecutable=/a /b%q\n", "p:2:15: error: Executable=: unknown specifier; known are %% and %t, and a percent sign is written %%" },
	/* all of it in one run, in the order of the file */
	{ "bogus\n[Exec]\nUMask=9\nNope=1\n[Exce]\nUMask=8\n",
	  "p:1:1: error: expected 'Key=value', '[Section]' or a comment\n"
	  "p:3:7: error: UMask=9: expected an octal number\n"
	  "p:4:1: error: unknown key 'Nope' in section [Exec]\n"
	  "p:5:1: error: unknown section [Exce]; did you mean [Exec]?" },
};
/* clang-format on */

const struct snippets snippets_syntax = { rows, ELEMENTSOF(rows) };
