package sidefiles

import (
	"fmt"
	"strings"
)

// Classes with Unigram models, each from models/NAME/tokenization_NAME.py of transformers
// 5.24. The number of the unknown token is a constant in most of them.
const (
	// <<@charsmap>> is the Precompiled normalizer of tokenizer.json where it has one.
	mapped     = `<<@charsmap?{"type":"Sequence","normalizers":[<<@charsmap>>,` + oneSpace + `]}>>`
	oneSpace   = `{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}`
	oneMark    = `{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"▁"}`
	quotes     = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"``\"},\"content\":\"\\\"\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\"''\"},\"content\":\"\\\"\"}"
	noAccents  = `{"type":"NFKD"},{"type":"StripAccents"}`
	oneLine    = `{"type":"Replace","pattern":{"Regex":"\\s{2,}|[\\n\\r\\t]"},"content":" "},{"type":"NFC"},{"type":"Strip","strip_left":false,"strip_right":true}`
	lowercased = `{"type":"Lowercase"}`

	prefixOrFirst = `<<add_prefix_space=true?"always"|"first">>`
)

// pieces is a Unigram model whose unknown token has this number.
func pieces(unk string) string { return `{"type":"Unigram","unk_id":` + unk + `}` }

// sequence is a normalizer of several.
func sequence(parts string) string { return `{"type":"Sequence","normalizers":[` + parts + `]}` }

// byWords is the pre-tokenizer that cuts at spaces before it makes marks.
func byWords(scheme string) string {
	return `{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},` + meta(scheme) + `]}`
}

// t5 is T5's build with another number of the unknown token.
func t5(unk string) *build {
	return &build{
		model: pieces(unk), normalizer: "<<@charsmap>>", preTokenizer: byWords(always), decoder: meta(always),
		post: "A:0 </s>=eos_token:0 | A:0 </s>=eos_token:0 B:0 </s>=eos_token:0", last: true,
	}
}

// udop is T5's build without a normalizer.
var udop = func() *build { b := t5("<<@unk=2>>"); b.normalizer = ""; return b }()

// numbered returns tokens with numbers in them, from first on.
func numbered(format string, first, n int) []string {
	tokens := make([]string, 0, n)
	for i := first; i < n; i++ {
		tokens = append(tokens, fmt.Sprintf(format, i))
	}
	return tokens
}

var pieceClasses = map[string]*class{
	"T5":   {names: t5Names, extra: numbered("<extra_id_%d>", 0, 100), build: t5("2")},                // models/t5
	"Lasr": {names: t5Names, extra: numbered("<extra_id_%d>", 0, 100), build: t5("3"), decoding: CTC}, // models/lasr
	"Udop": {names: append(named("sep_token", "</s>"), t5Names...), build: udop},                      // models/udop
	// models/videoprism: T5's, but for the end of a text.
	"VideoPrism": {
		names: t5Names, extra: numbered("<extra_id_%d>", 0, 100),
		build: &build{model: pieces("2"), normalizer: "<<@charsmap>>", preTokenizer: byWords(always), decoder: meta(always)},
	},
	// models/albert, which has names of its own for what it puts around a text, and lets
	// tokenizer.json go before it there.
	"Albert": {
		names: albertNames,
		build: &build{
			model: pieces("1"), normalizer: sequence(quotes + `,<<keep_accents=false?null|` + noAccents + `>>,<<do_lower_case=true?` + lowercased + `>>,<<@charsmap>>`),
			preTokenizer: byWords(byPrefix), decoder: meta(byPrefix),
			post: "[CLS]=cls_token:0 A:0 [SEP]=sep_token:0 | [CLS]=cls_token:0 A:0 [SEP]=sep_token:0 B:1 [SEP]=sep_token:1",
		},
	},
	// models/barthez, which has no map of SentencePiece, as DebertaV2.
	"Barthez": {
		names: robertaNames, leftMask: true,
		build: &build{model: pieces("3"), normalizer: sequence(oneLine), preTokenizer: meta(byPrefix), decoder: meta(byPrefix)},
	},
	// models/big_bird: several spaces become one mark.
	"BigBird": {
		names: named("unk_token", "<unk>", "bos_token", "<s>", "eos_token", "</s>", "pad_token", "<pad>",
			"sep_token", "[SEP]", "mask_token", "[MASK]", "cls_token", "[CLS]"),
		leftMask: true,
		build: &build{
			model: pieces("<<@unk0=100>>"), normalizer: sequence(`{"type":"Strip","strip_left":false,"strip_right":false},` + oneMark),
			preTokenizer: meta(byPrefix), decoder: meta(byPrefix), post: bertAround, last: true,
		},
	},
	// models/camembert, whose further tokens stand for those that its vocabulary has twice.
	"Camembert": {
		names: robertaNames, leftMask: true, extra: []string{"<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"},
		build: &build{
			model: pieces("<<@unk=0>>"), normalizer: "<<@charsmap>>", preTokenizer: byWords(byPrefix), decoder: meta(byPrefix),
			post: "bos_token:0 A:0 eos_token:0 | bos_token:0 A:0 eos_token:0 eos_token:0 B:0 eos_token:0", last: true,
		},
	},
	// models/deberta_v2, which DeBERTa 3 has too.
	"DebertaV2": {
		names: debertNames,
		build: &build{
			model:        pieces("<<@unk0=1>>"),
			normalizer:   sequence(`<<do_lower_case=false?` + lowercased + `>>,` + oneLine),
			preTokenizer: `{"type":"Sequence","pretokenizers":[<<split_by_punct=false?{"type":"Punctuation","behavior":"Isolated"}>>,` + meta(prefixOrFirst) + `]}`,
			decoder:      meta(prefixOrFirst), post: bertAround, last: true,
		},
	},
	// models/layoutxlm, for words of a page.
	"LayoutXLM": {
		names: robertaNames, leftMask: true,
		build: &build{
			model: pieces("3"), normalizer: sequence(`{"type":"Strip","strip_left":false,"strip_right":true},` + oneMark),
			preTokenizer: meta(byPrefix), decoder: meta(byPrefix), post: pairsAround, last: true,
		},
	},
	// models/mbart: the language goes behind the text.
	"MBart": {
		names: robertaNames, leftMask: true, extra: strings.Fields(mbartLanguages),
		build: &build{
			model: pieces("3"), preTokenizer: byWords(always), decoder: meta(always), last: true,
			post:  "A:0 eos_token:0 src_lang:0 | A:0 B:0 eos_token:0 src_lang:0",
			texts: map[string]string{"src_lang": "en_XX"},
		},
	},
	// models/mbart50: the language goes before it.
	"MBart50": {
		names: named("eos_token", "</s>", "sep_token", "</s>", "cls_token", "<s>", "unk_token", "<unk>", "pad_token", "<pad>", "mask_token", "<mask>"),
		extra: strings.Fields(mbart50Languages), leftMask: true,
		build: &build{
			model: pieces("3"), normalizer: sequence("<<@charsmap>>," + oneSpace), preTokenizer: meta(always), decoder: meta(always), last: true,
			post:  "src_lang:0 A:0 eos_token:0 | src_lang:0 A:0 B:0 eos_token:0",
			texts: map[string]string{"src_lang": "en_XX"},
			// Other vocabularies are those of a SentencePiece file, which the class
			// puts into another order.
			needs: strings.Fields(mbart50Languages),
		},
	},
	// models/mluke: LUKE's names with a mark before them.
	"MLuke": {
		names: append(robertaNames[:len(robertaNames):len(robertaNames)], named("entity_1_token", "▁<ent>", "entity_2_token", "▁<ent2>",
			"entity_unk_token", "[UNK]", "entity_pad_token", "[PAD]", "entity_mask_token", "[MASK]", "entity_mask2_token", "[MASK2]")...),
		leftMask: true, always: []string{"▁<ent>", "▁<ent2>", "[UNK]", "[PAD]", "[MASK]", "[MASK2]"},
		build: &build{
			model: pieces("0"), normalizer: sequence(quotes), preTokenizer: meta(always), decoder: meta(always), last: true,
			post: "cls_token:0 A:0 sep_token:0 | cls_token:0 A:0 sep_token:0 sep_token:0 B:1 sep_token:1",
		},
	},
	// models/pegasus: the first 103 ids are masks and unknown words of training.
	"Pegasus": {
		names: named("pad_token", "<pad>", "eos_token", "</s>", "unk_token", "<unk>", "mask_token", "<mask_2>"),
		extra: append([]string{"<mask_1>"}, numbered("<unk_%d>", 2, 103)...),
		build: &build{
			model:        pieces("<<@unk1>>"),
			normalizer:   sequence(`<<@charsmap?<<@charsmap>>|{"type":"Replace","pattern":{"Regex":"\\n"},"content":" "}>>,` + oneSpace),
			preTokenizer: meta(always), decoder: meta(always), post: "A:0 eos_token:0 | A:0 B:0 eos_token:0", last: true,
		},
	},
	// models/rembert: ALBERT's with other defaults.
	"RemBert": {
		names: albertNames, renewed: asTheyAre,
		build: &build{
			model:        pieces("2"),
			normalizer:   sequence(quotes + "," + oneSpace + `,<<keep_accents=true?null|` + noAccents + `>>,<<do_lower_case=false?` + lowercased + `>>,<<@charsmap>>`),
			preTokenizer: meta(byPrefix), decoder: meta(byPrefix), post: bertAround, last: true,
		},
	},
	// models/xglm: a text begins with the end of another one.
	"XGLM": {
		names: robertaNames[:len(robertaNames)-1], extra: numbered("<madeupword%d>", 0, 7),
		build: &build{
			model: pieces("3"), normalizer: sequence("<<@charsmap>>," + oneSpace), preTokenizer: meta(byPrefix), decoder: meta(byPrefix),
			post: "eos_token:0 A:0 | eos_token:0 A:0 eos_token:0 eos_token:0 B:0", last: true,
		},
	},
	// models/xlm_roberta, of most multilingual encoders.
	"XLMRoberta": {
		names: robertaNames,
		build: &build{
			model: pieces("3"), normalizer: "<<@charsmap>>", preTokenizer: byWords(byPrefix), decoder: meta(byPrefix),
			post: "bos_token:0 A:0 eos_token:0 | bos_token:0 A:0 eos_token:0 eos_token:0 B:0 eos_token:0", last: true,
		},
	},
	// models/xlnet, which puts its tokens behind a text and fills up before it.
	"XLNet": {
		names: named("bos_token", "<s>", "eos_token", "</s>", "unk_token", "<unk>", "sep_token", "<sep>",
			"pad_token", "<pad>", "cls_token", "<cls>", "mask_token", "<mask>"),
		left: true, leftMask: true, extra: []string{"<eop>", "<eod>"},
		build: &build{
			model: pieces("<<unk_id=0>>"), normalizer: sequence(quotes + "," + noAccents + `,<<do_lower_case=false?` + lowercased + `>>,<<@charsmap>>`),
			preTokenizer: byWords(always), decoder: meta(always),
			post: "A:0 sep_token:0 cls_token:2 | A:0 sep_token:0 B:1 sep_token:1 cls_token:2", last: true,
		},
	},
}
