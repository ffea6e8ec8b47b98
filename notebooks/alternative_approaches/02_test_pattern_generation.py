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
stored, by_style_guide = {}, set()
for row in notebook.table(OUTFIT_PATTERNS).orderBy("anchor_product_id", "pattern_id").collect():
    fields = {name: row[name] for name in ("name", "description", "occasion", "season", "confidence")}
    pattern = Pattern(**fields, items=[item.asDict() for item in row["items"]])
    stored.setdefault(row["anchor_product_id"], []).append(pattern)
    if row["provider"] == "style_guide":
        by_style_guide.add(row["anchor_product_id"])
check = PatternsCheck(vocabulary, settings.embedding, count, least)


def reading(anchor_id: str, text: str, finish_reason: str = "stop"):
    return check.reading(questions[anchor_id], ChatReply(text=text, finish_reason=finish_reason))


def verdicts(anchor_ids):
    judged = ((one, anchors[key]) for key in sorted(set(anchor_ids) & set(anchors)) for one in stored[key])
    return [judge_pattern(one, anchor, guide, vocabulary, least) for one, anchor in judged]


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
    in_stock = notebook.table(PRODUCTS).where("in_stock").select("slot", "article_type").distinct()
    on_shelf = {tuple(row) for row in in_stock.collect()}
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
    asked = stored.keys() & anchors.keys()  # the table also keeps patterns of former anchors that outfits follow
    assert len(readable) >= 0.8 * len(asked), f"only {len(readable)} of {len(asked)} anchors"
    return f"{len(readable)} of {len(asked)} anchors; the others have few companions, or patterns that are stand-ins"


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
    rich = [key for key in readable if len(stored[key]) >= 4]
    kept = 0
    for key in rich:
        text = as_reply(stored[key])
        whole, cut = reading(key, text).patterns, reading(key, text[: len(text) * 3 // 5], "length").patterns
        assert 0 < len(cut) < len(whole), f"{len(cut)} of {len(whole)} patterns of {key}"
        kept += len(cut)
    assert rich, "no anchor has four patterns"
    return f"{kept} patterns out of {len(rich)} replies cut at three fifths"


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


def test_patterns_can_be_filled_and_keep_the_hard_rules():
    # what a model wrote was judged before it was stored; the style guide also gives parts of outfits, such as shoes for socks
    by_model, by_guide = verdicts(set(stored) - by_style_guide), verdicts(by_style_guide)
    assert all(one.usable for one in by_model), [one.reasons for one in by_model if not one.usable][:3]
    parts = [one.reasons[0] for one in by_guide if one.score == 0]
    assert all("undressed" in reason for reason in parts), parts[:3]
    assert len(parts) <= 0.1 * (len(by_guide) + len(by_model)), f"{len(parts)} are parts of outfits"
    return f"{len(by_model)} patterns by a model, {len(by_guide)} by the style guide, {len(parts)} of them parts of outfits"


def test_patterns_of_an_anchor_differ():
    repeated, of_all = 0, 0
    for key, patterns in stored.items():
        assert len({one.name for one in patterns}) == len(patterns), f"names of {key}"
        items = {frozenset((item.slot, item.article_types) for item in one.items) for one in patterns}
        assert key in by_style_guide or len(items) == len(patterns), f"items of {key}"
        repeated, of_all = repeated + len(patterns) - len(items), of_all + len(patterns)
    assert repeated <= 0.2 * of_all, f"{repeated} of {of_all}"
    return f"{repeated} of {of_all} ask for the same types as another, in other colours, where there is little to choose"


def test_replies_are_paid_for_once():
    good = Counter(
        row["request_hash"] for row in notebook.table(PATTERN_REQUESTS).where("status = 'ok'").select("request_hash").collect()
    )
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

tenths = Counter(int(10 * verdict.score) / 10 for verdict in verdicts(stored))
notebook.bars([(f"from {tenth:.1f}", tenths[tenth]) for tenth in sorted(tenths)], "Patterns by score")
