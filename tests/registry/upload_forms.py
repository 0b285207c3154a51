"""The upload page as a person fills it in."""

from __future__ import annotations

import html
import re

from django.core.files.uploadedfile import SimpleUploadedFile

SHARED = {"license": "cc0-1.0", "visibility": "public"}


def sent(*files):
    return [SimpleUploadedFile(name, data) for name, data in files]


def read(page):
    """What a browser would send of the form's text fields, checkboxes and chosen options."""
    text = page.content.decode()
    form = text.partition('id="upload-form"')[2].partition("</form>")[0]
    values = re.findall(r'<input type="(?:hidden|text)" name="([^"]+)"(?: value="([^"]*)")?', form)
    values += [(name, "on") for name in re.findall(r'<input type="checkbox" name="([^"]+)"[^>]* checked', form)]
    values += re.findall(r'<input type="radio" name="([^"]+)" value="([^"]*)"[^>]* checked', form)
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.S):
        chosen = re.findall(r'<option value="([^"]*)" selected', options) or re.findall(r'value="([^"]*)"', options)
        values.append((name, chosen[0]))
    return {name: html.unescape(value) for name, value in values if name != "csrfmiddlewaretoken"}


def look(site, *files):
    """Choose files; returns the page that shows them and what its form holds."""
    answer = site.post("/upload", {"file": sent(*files), "do": "add"})
    page = site.get("/upload") if answer.status_code == 302 else answer
    return page, read(page)


def said(values, card=None, **fields):
    """The form with some fields of a card said otherwise: of the only one, or of the one at a place."""
    cards = sorted({int(match[1]) for name in values if (match := re.match(r"card-(\d+)-name", name))})
    prefix = f"card-{cards[card or 0]}-"
    return {"do": "publish"} | values | SHARED | {prefix + name: value for name, value in fields.items()}
