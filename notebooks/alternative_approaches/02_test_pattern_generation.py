# Databricks notebook source
# MAGIC %md
# MAGIC # 02 Test pattern generation
# MAGIC
# MAGIC Tests of what pattern generation asks, how it reads replies, and what it yielded, on the tables that are there. A failed
# MAGIC test ends the notebook with an error. Nobody is asked, nothing is paid, nothing is written.
# MAGIC
# MAGIC **After 02, 02a or 02b**, whoever wrote the patterns.

# COMMAND ----------

import json
from collections import Counter

from outfit_pairing.notebook import Notebook
from outfit_pairing.patterns.asking.chat import ChatReply
from outfit_pairing.patterns.model import Pattern
from outfit_pairing.patterns.prompt_vocabulary import prompt_vocabulary
from outfit_pairing.patterns.questions import question_of
from outfit_pairing.patterns.reply_check import PatternsCheck
from outfit_pairing.patterns.stage import read_anchors, read_vocabulary
from outfit_pairing.patterns.verdicts import judge_pattern
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, OUTFIT_PATTERNS, PATTERN_REQUESTS, PRODUCTS
from outfit_pairing.style import load_style_guide

notebook = Notebook(
    globals(),
    "02_test_pattern_generation",
    catalog="",
    schema="",
    warehouse="warehouse",
    catalog_path="",
    mapping="",
    encoder="",
    provider="",
    per_anchor="8",
    config="",
    set="",
    pages="",
    run_id="",
)
notebook.prepare("ingest", "embed", "select-anchors", "generate-patterns")

# COMMAND ----------

guide, settings = load_style_guide(), notebook.settings
count, least = settings.patterns.per_anchor, settings.patterns.min_score
vocabulary = read_vocabulary(notebook.table(PRODUCTS))
anchors = {one.product_id: one for one in read_anchors(notebook.table(PRODUCTS), notebook.table(ANCHOR_PRODUCTS))}
questions = {key: question_of(one, guide, vocabulary, count, settings.llm) for key, one in anchors.items()}
questions = {key: question for key, question in questions.items() if question}
stored = {}
for row in notebook.table(OUTFIT_PATTERNS).orderBy("anchor_product_id", "pattern_id").collect():
    fields = {name: row[name] for name in ("name", "description", "occasion", "season", "confidence")}
    pattern = Pattern(**fields, items=[item.asDict() for item in row["items"]])
    stored.setdefault(row["anchor_product_id"], []).append(pattern)
check = PatternsCheck(vocabulary, settings.embedding, count, least)


def reading(anchor_id: str, text: str, finish_reason: str = "stop"):
    return check.reading(questions[anchor_id], ChatReply(text=text, finish_reason=finish_reason))


def verdicts(least_score: float):
    judged = ((one, anchors[key]) for key in stored if key in anchors for one in stored[key])
    return [judge_pattern(one, anchor, guide, vocabulary, least_score) for one, anchor in judged]


def as_reply(patterns) -> str:
    return json.dumps({"patterns": [one.model_dump(mode="json") for one in patterns]})


# anchors whose patterns, given as a reply, are accepted: the replies that are spoilt below
readable = [key for key in questions if key in stored and reading(key, as_reply(stored[key])).error is None]

# COMMAND ----------

# MAGIC %md
# MAGIC ## The prompt


# COMMAND ----------


def test_prompts_name_the_anchor_and_how_many_patterns_are_wanted():
    for key, question in questions.items():
        lines = dict(line.split(": ", 1) for line in question.user.splitlines() if line.startswith(("ANCHOR: ", "COUNT: ")))
        told = json.loads(lines["ANCHOR"])
        assert told["article_type"] == anchors[key].article_type, key
        assert json.loads(lines["COUNT"]) == count, key
    return f"{len(questions)} prompts, the longest of {max(len(one.user) for one in questions.values()):,} characters"


def test_prompts_offer_only_what_the_catalogue_has_in_stock():
    on_shelf = {(row.slot, row.article_type) for row in notebook.table(PRODUCTS).where("in_stock").collect()}
    offered = set()
    for key in questions:
        words = prompt_vocabulary(anchors[key], guide, vocabulary)
        offered |= {(slot, word) for slot, held in words.slots.items() for word in held}
    assert offered <= on_shelf, f"offered, but not in stock: {sorted(offered - on_shelf)[:5]}"
    return f"{len(offered)} article types offered of {len(on_shelf)} in stock"


def test_equal_anchors_give_equal_questions():
    again = {key: question_of(anchors[key], guide, vocabulary, count, settings.llm) for key in questions}
    assert again == questions


def test_prompts_hold_no_control_characters():
    for key, question in questions.items():
        text = question.system + question.user
        assert all(letter.isprintable() or letter == "\n" for letter in text), key


def test_schemas_allow_only_words_of_the_prompt():
    for key, question in questions.items():
        item = json.loads(question.schema)["properties"]["patterns"]["items"]["properties"]["items"]["items"]["properties"]
        words = prompt_vocabulary(anchors[key], guide, vocabulary)
        assert set(item["slot"]["enum"]) == set(words.slots), key
        assert set(item["colours"]["items"]["enum"]) == set(words.colours), key


# COMMAND ----------

# MAGIC %md
# MAGIC ## Reading replies
# MAGIC The patterns of the table, given as replies: whole, wrapped, damaged and wrong.

# COMMAND ----------


def test_good_replies_are_accepted():
    assert len(readable) >= 0.8 * len(stored), f"only {len(readable)} of {len(stored)} anchors"
    return f"{len(readable)} of {len(stored)} anchors; the others have few companions, or patterns that are stand-ins"


def test_wrapped_replies_give_the_same_patterns():
    for key in readable:
        text = as_reply(stored[key])
        plain = reading(key, text).patterns
        for wrapped in (
            f"```json\n{text}\n```",
            f"Here you are:\n\n{text}\n\nEnjoy!",
            f"<think>first the shoes</think>{text}",
            text.replace("}]}", "},]}"),
            json.dumps(json.loads(text)["patterns"]),
        ):
            assert reading(key, wrapped).patterns == plain, wrapped[:40]
    return f"{5 * len(readable)} replies"


def test_cut_replies_give_the_patterns_that_were_complete():
    kept = 0
    for key in readable:
        text = as_reply(stored[key])
        whole, cut = reading(key, text).patterns, reading(key, text[: len(text) * 3 // 5], "length").patterns
        assert cut, f"nothing left of {key}"
        assert len(cut) < len(whole)
        kept += len(cut)
    return f"{kept} patterns out of {len(readable)} replies cut at three fifths"


def test_useless_replies_are_refused_with_a_reason():
    for key in readable:
        odd = [one.model_dump(mode="json") for one in stored[key]]
        for pattern in odd:
            pattern["items"] = [item | {"slot": "gadget", "article_types": ["zorblat 9"]} for item in pattern["items"]]
        lonely = [one.model_dump(mode="json") for one in stored[key]]
        for pattern in lonely:
            pattern["items"] = pattern["items"][:1]
        for text in (
            "",
            "I would rather not.",
            '{"suggestion": "a hat"}',
            json.dumps({"patterns": odd}),
            json.dumps({"patterns": lonely}),
        ):
            found = reading(key, text)
            assert found.error, text[:40]
            assert not found.patterns, text[:40]
    return f"{5 * len(readable)} replies"


# COMMAND ----------

# MAGIC %md
# MAGIC ## The yield

# COMMAND ----------


def test_anchors_have_enough_patterns():
    had = sum(min(len(stored.get(key, ())), count) for key in anchors)
    share, wanted = had / (count * len(anchors)), settings.quality.gates.pattern_yield
    assert share >= wanted, f"{share:.2f} of the patterns asked for, {wanted} is the least"
    return f"{had} patterns for {len(anchors)} anchors: {share:.0%} of those asked for"


def test_patterns_can_be_filled_from_stock_and_break_no_hard_rule():
    scores = [
        judge_pattern(one, anchors[key], guide, vocabulary, 0).score for key in stored if key in anchors for one in stored[key]
    ]
    broken = sum(score == 0 for score in scores)
    assert broken == 0, f"{broken} of {len(scores)}"
    return f"{len(scores)} patterns, scores {min(scores):.2f} to {max(scores):.2f}"


def test_patterns_of_an_anchor_differ():
    for key, patterns in stored.items():
        items = [frozenset((item.slot, item.article_types, item.colours) for item in one.items) for one in patterns]
        assert len(set(items)) == len(items), key
        assert len({one.name for one in patterns}) == len(patterns), key


def test_replies_are_paid_for_once():
    good = Counter(row["request_hash"] for row in notebook.table(PATTERN_REQUESTS).where("status = 'ok'").collect())
    twice = [key for key, times in good.items() if times > 1]
    assert not twice, f"{len(twice)} questions were answered twice"
    return f"{len(good)} good replies"


# COMMAND ----------

notebook.run_tests()

# COMMAND ----------

# MAGIC %md
# MAGIC ## How good the patterns are
# MAGIC The verdict on every pattern, in tenths.

# COMMAND ----------

scores = [
    judge_pattern(one, anchors[key], guide, vocabulary, least).score for key in stored if key in anchors for one in stored[key]
]
tenths = Counter(int(10 * score) / 10 for score in scores)
notebook.bars([(f"from {tenth:.1f}", tenths[tenth]) for tenth in sorted(tenths)], "Patterns by score")
