"""Every sentence that people read can be translated, and is: pages speak German throughout."""

from __future__ import annotations

import ast
import gettext
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template.base import DebugLexer, TokenType
from django.utils import translation

from registry.errors import RegistryError
from registry.formats import NamedFile, Target
from registry.intake import read_files
from registry.pages.file_list import READ_BY
from training import errors

ROOT = Path(__file__).resolve().parents[1]
APPS = ("hub", "registry", "training")
GERMAN = Path("locale/de/LC_MESSAGES/django.po")
TOOLS = ("xgettext", "msgmerge", "msgattrib", "msgfmt")
HOW_TO_MEND = f'Run "make messages", write what is missing or fuzzy in {GERMAN}, run it again, and commit both files.'

needs_gettext = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason="no gettext on this machine; on Debian: apt-get install gettext"
)


def files(*folders: str, suffixes: tuple[str, ...]) -> list[Path]:
    """What is in folders, as paths from the root."""
    return sorted(
        path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes
    )


def entries(catalogue: Path, which: str) -> list[str]:
    """The sentences of a catalogue that are ``which``, an option of msgattrib."""
    command = ["msgattrib", "--no-wrap", which, str(catalogue)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.findall(r'^(?:#~ )?msgid "(.+)"$', said, re.MULTILINE)


@needs_gettext
def test_every_sentence_is_there_in_german(tmp_path, monkeypatch, settings):
    for name in [*files(*APPS, "templates", suffixes=(".py", ".html", ".txt")), GERMAN]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    monkeypatch.chdir(tmp_path)
    call_command("makemessages", locale=["de"], no_location=True, no_wrap=True, verbosity=0)
    found = {
        which: entries(tmp_path / GERMAN, which) for which in ("--untranslated", "--only-fuzzy", "--only-obsolete")
    }
    assert not any(found.values()), f"{HOW_TO_MEND}\n{found}"


@needs_gettext
def test_what_is_compiled_is_what_is_written_and_keeps_every_placeholder(tmp_path):
    command = ["msgfmt", "--check-format", "--check-header", f"--output-file={tmp_path / 'django.mo'}", GERMAN]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    compiled, committed = (
        gettext.GNUTranslations(path.open("rb"))._catalog
        for path in (tmp_path / "django.mo", (ROOT / GERMAN).with_suffix(".mo"))
    )
    assert compiled == committed, HOW_TO_MEND


def test_german_keeps_its_typography():
    """Quotes stand below and above, and numbers keep their unit on the line; code and HTML have their own quotes."""
    catalogue = gettext.GNUTranslations((ROOT / GERMAN).with_suffix(".mo").open("rb"))._catalog
    wrong = [
        text
        for text in catalogue.values()
        if text.count("„") != text.count("“") or "”" in text or re.search(r" %%| (MB|min|h|s)\b|\d %|z\. ?B\.", text)
    ]
    assert not wrong, "Use „…“, and no-break spaces before % and units and in “z. B.”."


# -- templates -----------------------------------------------------------------------------------------------------------

#: What needs no translation: names, and what stands for itself in any language.
NAMES = {
    "Starword",
    "SHA-256",
    "AutoV2",
    "AutoV3",
    "BLAKE3",
    "CRC32",
    "MIT",
    "OpenAPI",
    "MB",
    "training.json",
    "float16",
}
#: Blocks that templates fill with attributes or classes.
OF_ATTRIBUTES = {"main_class", "search_form"}
#: Attributes that are read out or shown.
SHOWN = {"alt", "aria-label", "aria-description", "aria-roledescription", "placeholder", "title", "label", "content"}
#: Of which ``content`` holds words only for these.
DESCRIBING = {"description", "og:title", "og:description"}
#: Literals within tags and filters that have several words or begin like a sentence.
LITERALS = re.compile(r'"([A-Z][a-z]+[^"]*|[a-z]+ [a-z][^"]*)"')
WORD = re.compile(r"[^\W\d_]{2,}")


class Shown(HTMLParser):
    """Collects the words that a template shows as they stand in it."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag in {"script", "style", "code", "pre"}:
            self._within.append(tag)
        for name, value in given.items():
            sentence = name.startswith("data-") and " " in value.strip()
            shown = name in SHOWN and (name != "content" or given.get("name", given.get("property")) in DESCRIBING)
            if sentence or shown or (name == "value" and given.get("type") == "submit"):
                self.words.append(value)

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.words.append(data)


def bare_words(source: str) -> Iterator[str]:
    """What a template shows that does not go through gettext."""
    html, within = [], ""
    for token in DebugLexer(source).tokenize():
        name, *more = token.contents.split() if token.token_type is TokenType.BLOCK else [""]
        if within:
            within = "" if name == f"end{within}" else within
        elif name in {"blocktranslate", "comment"} or (name == "block" and more[0] in OF_ATTRIBUTES):
            within = name
        elif token.token_type is TokenType.TEXT:
            html.append(token.contents)
        elif name != "translate":
            yield from LITERALS.findall(token.contents)
    reader = Shown()
    reader.feed("".join(html))
    reader.close()
    for words in reader.words:
        left = [word for word in words.split() if word.strip(".,:;()·") not in NAMES]
        if WORD.search(" ".join(left)):
            yield " ".join(words.split())


def test_templates_show_no_words_but_through_gettext():
    found = {
        str(name): bare
        for name in files("templates", suffixes=(".html", ".txt"))
        if (bare := list(bare_words((ROOT / name).read_text())))
    }
    assert not found, "Use {% translate %} or {% blocktranslate %}, or add a name to NAMES."


def test_dates_are_written_as_each_language_does():
    bare = re.compile(r"""(?:date|time):"(?!\w+_FORMAT")[^"]*\"""")
    found = [
        str(name) for name in files("templates", suffixes=(".html", ".txt")) if bare.search((ROOT / name).read_text())
    ]
    assert not found, 'Write date:_("j F Y"), so that German can say "j. F Y".'


def test_bare_words_are_found():
    source = """{% load i18n %}<p title="Old">{% translate "Good" %} {{ name }} Bare {% blocktranslate %}Good{% endblocktranslate %}</p>
    <code>fine</code>{% comment %}fine{% endcomment %}<a aria-label="{{ name }}" class="fine">Starword</a>{{ x|default:"none yet" }}"""
    assert list(bare_words(source)) == ["none yet", "Old", "Bare"]


# -- Python --------------------------------------------------------------------------------------------------------------

#: Modules whose sentences no page shows, and why.
UNTRANSLATED = {
    "hub/api.py": "programs read English",
    "hub/accounts/api": "programs read English",
    "hub/accounts/auth.py": "programs read English",
    "registry/api": "programs read English",
    "registry/protocols": "programs read English",
    "training/api": "programs read English",
    "registry/lookup.py": "only the API looks up hashes and texts",
    "training/bases.py": "commands of operators; what a job may say goes through gettext",
    "registry/formats": "a library without Django",
    "training/inversion": "a library without Django",
    "training/pocket": "commands of developers",
    "hub/management": "commands of operators",
    "registry/management": "commands of operators",
    "training/management": "commands of operators",
}
#: What is raised or called with a sentence for people.
TELLING = {"RegistryError", "ValidationError", "Gone", "notify"} | {
    name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)
}
#: Methods of ``django.contrib.messages``.
MESSAGES = {"success", "error", "warning", "info"}
#: Arguments of form fields.
OF_FIELDS = {"label", "help_text"}


def is_sentence(node: ast.expr) -> bool:
    """Whether a literal has several words."""
    match node:
        case ast.Constant(value=str(text)):
            return bool(re.search(r"\w \w", text))
        case ast.JoinedStr(values=parts):
            return any(is_sentence(part) for part in parts if isinstance(part, ast.Constant))
        case ast.BinOp(left=left, right=right):
            return is_sentence(left) or is_sentence(right)
        case ast.IfExp(body=body, orelse=other):
            return is_sentence(body) or is_sentence(other)
    return False


def bare_sentences(module: ast.Module) -> Iterator[int]:
    """Lines on which something is told in a literal that does not go through gettext."""
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
                of_messages = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "messages"
                of_forms = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "forms"
                told = [*args, *(keyword.value for keyword in keywords)]
                if of_forms:
                    told = [keyword.value for keyword in keywords if keyword.arg in OF_FIELDS]
                if name in TELLING or (of_messages and name in MESSAGES) or of_forms:
                    yield from (argument.lineno for argument in told if is_sentence(argument))
            case ast.Assign(targets=[ast.Name(id="message" | "sentence")], value=value) if is_sentence(value):
                yield value.lineno


def test_messages_for_people_go_through_gettext():
    found = {
        str(name): lines
        for name in files(*APPS, suffixes=(".py",))
        if not any(name.is_relative_to(part) for part in UNTRANSLATED)
        if (lines := list(bare_sentences(ast.parse((ROOT / name).read_text()))))
    }
    assert not found, "Wrap what people read in gettext, as _(…), or say in UNTRANSLATED why no page shows it."


def test_gettext_goes_by_names_that_the_catalogue_is_made_by():
    aliases = re.compile(r"\b(gettext|gettext_lazy|ngettext|ngettext_lazy|pgettext|pgettext_lazy) as (?!_\b)")
    found = [str(name) for name in files(*APPS, suffixes=(".py",)) if aliases.search((ROOT / name).read_text())]
    assert not found, "xgettext knows gettext, its relatives and _, not other names."


def test_what_reads_a_format_is_marked():
    assert set(READ_BY) == {target.read_by for target in Target}


def test_values_have_the_same_names_in_german():
    """Python fills them in; a name that it does not know would break the page."""
    catalogue = gettext.GNUTranslations((ROOT / GERMAN).with_suffix(".mo").open("rb"))._catalog
    named = re.compile(r"\{\w+(?:!r)?\}")
    wrong = [
        text
        for key, text in catalogue.items()
        if isinstance(key, str) and {*named.findall(key)} ^ {*named.findall(text)}
    ]
    assert not wrong


def test_a_reader_s_refusal_names_the_file_in_german_too():
    files = [NamedFile("a.pt", b"%PDF-1.7\n"), NamedFile("notes.pt", b"just some text")]
    with pytest.raises(RegistryError, match=r"^a\.pt: The file is a PDF document\. Upload a "):
        read_files(files)
    with (
        translation.override("de"),
        pytest.raises(RegistryError, match=r"^a\.pt: Die Datei ist ein PDF-Dokument\. Lade "),
    ):
        read_files(files)


def test_bare_sentences_are_found():
    source = 'RegistryError("code", f"Not {good} at all.")\nRegistryError("code", _("Well said."))\nmessages.info(r, "So it is.")'
    assert list(bare_sentences(ast.parse(source))) == [1, 3]
