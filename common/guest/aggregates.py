"""What the metadata of the host's aggregates is to say: ``aggregate_instance_extra_specs:KEY``."""

from common.guest import words
from common.guest.wish import Wish, refused

PREFIX = "aggregate_instance_extra_specs:"


def aggregates(wish: Wish) -> tuple[tuple[str, str], ...]:
    """Read the pairs of key and word; how a word is compared says ``common.guest.words``.

    :raises BadRequest: there is no key, no word, or an operator lacks what it compares with.
    """
    return tuple(sorted((key.removeprefix(PREFIX), _word(wish, key)) for key in wish.specs if key.startswith(PREFIX)))


def _word(wish: Wish, key: str) -> str:
    word = wish.flavor(key, _sound) or ""
    if not word or key == PREFIX:
        raise refused("flavor", key, wish.specs[key], "needs a key after the colon, and a value")
    return word


def _sound(text: str) -> str:
    words.test(text)
    return text.strip()
