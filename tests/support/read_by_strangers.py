#!/usr/bin/env python3
"""Reads reports of ours with what others have made to read such files. Run by a Python that has junitparser, xmlschema
and cmarkgfm.

  read_by_strangers.py junit FILE SCHEMA…    valid by each schema; read by junitparser
  read_by_strangers.py markdown FILE         rendered as GitHub does: nothing of a repository comes to life

What is wrong is a line on stderr, and exit 1.
"""
import html.parser
import re
import sys


def junit(path, schemas):
    import junitparser
    import xmlschema

    for schema in schemas:
        xmlschema.XMLSchema(schema).validate(path)
    root = junitparser.JUnitXml.fromfile(path)
    suites = [root] if isinstance(root, junitparser.TestSuite) else list(root)
    for case in (case for suite in suites for case in suite):
        results = "+".join(type(result).__name__ for result in case.result) or "passed"
        print(f"{case.classname}\t{case.name}\t{results}")


class Page(html.parser.HTMLParser):
    """Text outside of code, and all tags."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("code", "pre"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data):
        if not self.open:
            self.text.append(data)


OURS = {"h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "details", "summary", "ul", "li",
        "sub", "blockquote"}


def markdown(path):
    import cmarkgfm
    from cmarkgfm.cmark import Options

    with open(path, encoding="utf-8") as file:
        text = file.read()
    page = Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))
    foreign = {tag for tag, _ in page.tags} - OURS
    if foreign:
        raise SystemExit(f"tags that are not ours: {foreign}")
    for tag, attributes in page.tags:
        if set(attributes) - {"lang", "align"}:
            raise SystemExit(f"<{tag}> has {attributes}")
    outside = "".join(page.text)
    for pattern in (r"@\w", r"#\d", r"\w+/\w+#\d", r"GH-\d", r"https?:", r"www\.", r"\b[0-9a-f]{40}\b"):
        if found := re.search(pattern, outside):
            raise SystemExit(f"comes to life: {outside[max(0, found.start() - 40):found.end() + 40]!r}")
    cells = [tag for tag, _ in page.tags].count("td")
    rows = [tag for tag, _ in page.tags].count("tr") - 1
    if cells != 5 * rows:
        raise SystemExit(f"{cells} cells in {rows} rows")
    print(rows, [tag for tag, _ in page.tags].count("details"))


if __name__ == "__main__":
    {"junit": lambda path, *rest: junit(path, rest), "markdown": markdown}[sys.argv[1]](*sys.argv[2:])
