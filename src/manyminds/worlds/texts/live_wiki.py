"""The tools of the small encyclopedia over the live Wikipedia, for those who ask for it; every page is fetched once.

Nothing else in the library reads it. The extract of a page and the titles of a search come from the public API.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

API = "https://en.wikipedia.org/w/api.php"


def fetched(query: dict[str, str]) -> Any:
    asked = Request(f"{API}?{urlencode({**query, 'format': 'json'})}", headers={"User-Agent": "manyminds"})
    with urlopen(asked, timeout=20) as reply:
        return json.load(reply)


class LivePages(Mapping[str, tuple[str, ...]]):
    """Pages by title, as lists of sentences, kept in `folder`; looks like the pages of a `Wiki`.

    Its length and iteration are over what has been read or found so far.
    """

    def __init__(self, folder: Path, fetch: Callable[[dict[str, str]], Any] = fetched) -> None:
        self.folder, self.fetch = folder, fetch
        self.titles: dict[str, None] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def __getitem__(self, title: str) -> tuple[str, ...]:
        kept = self.folder / f"{quote(title, safe=' ')[:150]}.json"
        if not kept.exists():
            query = {"action": "query", "prop": "extracts", "explaintext": "1", "redirects": "1", "titles": title}
            page = next(iter(self.fetch(query)["query"]["pages"].values()))
            text = page.get("extract", "").strip()
            found = [] if text else self.fetch({"action": "opensearch", "search": title, "limit": "5"})[1]
            kept.write_text(json.dumps([re.split(r"(?<=[.!?])\s+", text) if text else [], found]), "utf-8")
        sentences, similar = json.loads(kept.read_text("utf-8"))
        self.titles.update(dict.fromkeys(similar))
        if not sentences:
            raise KeyError(title)
        self.titles[title] = None
        return tuple(sentences)

    def __iter__(self) -> Iterator[str]:
        return iter(self.titles)

    def __len__(self) -> int:
        return len(self.titles)
