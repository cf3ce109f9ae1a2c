"""Whole choices and calls left out of a recording, what follows them renumbered; arguments with fewer members."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from deltaproof.faults.pieces import Json, Piece
from deltaproof.faults.views import Call, Delta, calls_of
from deltaproof.shrink.ddmin import smallest
from deltaproof.shrink.trial import Place, Trial


def calls(trial: Trial) -> None:
    """Leave out choices and calls, the last first; of the calls that stay, leave out members of the arguments."""
    for choice in sorted({delta.choice for delta in _deltas(trial.documents())}, reverse=True):
        _without_choice(trial, choice)
    for number in reversed(range(len(_calls(trial.documents())))):
        _without_call(trial, number)
    for number, call in enumerate(_calls(trial.documents())):
        if call.text:
            _arguments(trial, number, call)


def _deltas(documents: Mapping[Place, Json]) -> list[Delta]:
    """Return the elements of choices of all chunks, to be changed in place."""
    deltas = []
    for place, chunk in documents.items():
        choices = chunk.get("choices") if isinstance(place, int) else None
        if isinstance(choices, list):
            piece = Piece(b"", chunk=chunk)
            deltas += [Delta(piece, element) for element in choices if isinstance(element, dict)]
    return deltas


def _calls(documents: Mapping[Place, Json]) -> list[Call]:
    """Return the calls that the chunks open, to be changed in place."""
    return calls_of(_deltas(documents))


def _without_choice(trial: Trial, choice: int) -> None:
    """Leave out one choice, as if one less had been asked for."""
    documents = trial.documents()
    emptied = []
    for delta in _deltas(documents):
        if delta.choice == choice:
            _remove(delta.piece.json["choices"], delta.element)
            emptied.append(delta.piece.json)
        elif delta.choice > choice:
            delta.element["index"] = delta.choice - 1
    request = documents.get("request", {})
    if isinstance(request.get("n"), int):
        request["n"] -= 1
    _offer(trial, documents, [chunk for chunk in emptied if not chunk["choices"]])


def _without_call(trial: Trial, number: int) -> None:
    """Leave out one call, as if it had never been opened."""
    documents = trial.documents()
    several = _calls(documents)
    if number >= len(several):  # without another, what were two is one
        return
    gone = several[number]
    for entry in gone.entries:
        _remove(entry.delta.body["tool_calls"], entry.value)
    for call in several[number + 1 :]:
        for entry in call.entries:
            index = entry.value.get("index")
            if call.choice == gone.choice and isinstance(index, int):
                entry.value["index"] = index - 1
    silent = [entry.piece.json for entry in gone.entries if entry.delta.body == {"tool_calls": []}]
    _offer(trial, documents, [chunk for chunk in silent if len(chunk["choices"]) == 1])


def _arguments(trial: Trial, number: int, call: Call) -> None:
    """Bring the arguments of a call in one fragment, with as few members as will do."""

    def offer(text: str) -> bool:
        documents = trial.documents()
        first, *others = _calls(documents)[number].fragments
        first.fragment = text
        for entry in others:
            entry.fragment = ""
        return trial.offer_documents(documents)

    if (arguments := call.arguments) is not None:
        members = tuple(arguments.items())
        smallest(members, lambda kept: offer(json.dumps(dict(kept), separators=(",", ":"), ensure_ascii=False)))
    if len(_calls(trial.documents())[number].fragments) > 1:
        offer(call.text)


def _remove(elements: list[object], gone: object) -> None:
    elements[:] = [one for one in elements if one is not gone]


def _offer(trial: Trial, documents: Mapping[Place, Json], gone: Sequence[Json]) -> None:
    """Offer JSON objects that were changed, without the events of some chunks; else with them."""
    left_out = {place for place, one in documents.items() if any(one is chunk for chunk in gone)}
    trial.offer_documents(documents, left_out) or trial.offer_documents(documents)
