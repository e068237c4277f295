#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make-introspection.py OUTPUT XML...: the contract as the broker tells it.

A C header with one string for each interface of the files: members, arguments, annotations, and what the comment before a
member says of it, as GDBus' annotation for documentation. The comment of a file or of a node is nobody's.
"""
import sys
import textwrap
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import quoteattr

DOC_STRING = "org.gtk.GDBus.DocString"


def text_of(comment):
    """The words of a comment, without the indentation that they have in the file."""
    first, _, rest = comment.text.strip().partition("\n")
    return (first + "\n" + textwrap.dedent(rest)).strip()


def open_tag(element, end):
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in element.attrib.items())
    return f"<{element.tag}{attributes}{end}>"


def lines_of(element, doc, depth):
    """An element and what is in it, a line each; doc is the comment before it, or None."""
    indent = " " * depth
    if len(element) == 0 and doc is None:
        return [indent + open_tag(element, "/")]
    lines = [indent + open_tag(element, "")]
    if doc is not None:
        value = quoteattr(text_of(doc), {"\n": "&#10;"})
        lines.append(f'{indent} <annotation name="{DOC_STRING}" value={value}/>')
    doc = None
    for child in element:
        if child.tag is ElementTree.Comment:
            doc = child
        else:
            lines += lines_of(child, doc, depth + 1)
            doc = None
    return lines + [f"{indent}</{element.tag}>"]


def c_string(line):
    return '\t"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"'


def interfaces_of(path):
    """The interfaces of a file, each with the comment before it, or None."""
    builder = ElementTree.TreeBuilder(insert_comments=True)
    doc = None
    for child in ElementTree.parse(path, ElementTree.XMLParser(target=builder)).getroot():
        if child.tag is ElementTree.Comment:
            doc = child
        else:
            yield child, doc
            doc = None


def main():
    output, *sources = sys.argv[1:]
    with open(output, "w", encoding="utf-8") as out:
        out.write("/* SPDX-License-Identifier: GPL-2.0-or-later */\n/* Made from the interfaces' XML. */\n#pragma once\n")
        for source in sources:
            for interface, doc in interfaces_of(source):
                name = interface.get("name").rpartition(".")[2].upper()
                lines = " \\\n".join(c_string(line) for line in lines_of(interface, doc, 1))
                out.write(f"\n#define INTROSPECTION_{name} \\\n{lines}\n")


if __name__ == "__main__":
    main()
