package sidefiles

import "strings"

// Classes with BPE models over text whose spaces are marks, each from
// models/NAME/tokenization_NAME.py of transformers 5.24.
const (
	llamaPairs = `{"type":"BPE","fuse_unk":true,"byte_fallback":true}`
	gemmaPairs = `{"type":"BPE","fuse_unk":true,"byte_fallback":true,"unk_token":<<$unk_token>>}`
	unkPairs   = `{"type":"BPE","fuse_unk":true,"unk_token":<<$unk_token>>}`

	marksToSpaces = `{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}`
	noFirstSpace  = `{"type":"Strip","content":" ","start":1,"stop":0}`
	spacesToMarks = `{"type":"Replace","pattern":{"String":" "},"content":"▁"}`
	behindSpaces  = `{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}`
)

// meta is the pre-tokenizer and the decoder that make marks of spaces, and one of the
// beginning of a text where scheme says so.
func meta(scheme string) string {
	return `{"type":"Metaspace","replacement":"▁","prepend_scheme":` + scheme + `,"split":true}`
}

// always is the scheme of a mark before each text that is cut off, and byPrefix that of
// one where add_prefix_space does not say otherwise.
const (
	always   = `"always"`
	byPrefix = `<<add_prefix_space=true?"always"|"never">>`
)

// llama is the class of Llama 1 and 2 and of the first models of Mistral. It drops the
// unknown token: characters that are no tokens are bytes.
var llama = class{
	names: llamaNames, left: true,
	build: &build{
		model:        llamaPairs,
		preTokenizer: `{"type":"Metaspace","replacement":"▁","prepend_scheme":<<@llama>>,"split":false}`,
		decoder:      `{"type":"Sequence","decoders":[` + marksToSpaces + `,<<add_prefix_space=unset?` + noFirstSpace + `>>]}`,
	},
}

// gemma is the class of all Gemma models. Spaces are marks before the text is cut, so that
// its pre-tokenizer finds none.
var gemma = class{
	names: gemmaNames, left: true,
	build: &build{
		model: gemmaPairs, normalizer: spacesToMarks, preTokenizer: behindSpaces,
		decoder: `{"type":"Sequence","decoders":[` + marksToSpaces + `]}`,
	},
}

var spaceClasses = map[string]*class{
	"Llama": &llama, "Phi3": &llama, // models/llama, which has Phi-3's name too
	// models/code_llama, which fills gaps: a text with its <FILL_ME> is encoded as any
	// other here.
	"CodeLlama": {
		names: append(llamaNames[:len(llamaNames):len(llamaNames)], named("prefix_token", "▁<PRE>", "middle_token", "▁<MID>",
			"suffix_token", "▁<SUF>", "eot_token", "▁<EOT>", "fill_token", "<FILL_ME>")...),
		extra: []string{"▁<PRE>", "▁<MID>", "▁<SUF>", "▁<EOT>", "<FILL_ME>"},
		left:  true,
		build: &build{
			model:        gemmaPairs,
			preTokenizer: `{"type":"Metaspace","replacement":"▁","prepend_scheme":<<add_prefix_space=unset?"first"|"never">>,"split":false}`,
			decoder:      `{"type":"Sequence","decoders":[` + marksToSpaces + `,` + noFirstSpace + `]}`,
			post:         beginsAround, last: true,
		},
	},
	"Gemma": &gemma, // models/gemma
	// models/siglip2: Gemma's in small letters.
	"Siglip2": {
		names: gemmaNames, left: true,
		build: &build{
			model: gemmaPairs, normalizer: `{"type":"Sequence","normalizers":[{"type":"Lowercase"},` + spacesToMarks + `]}`,
			preTokenizer: behindSpaces, decoder: gemma.build.decoder,
		},
	},
	// models/tipsv2: T5's ways with Llama's model.
	"Tipsv2": {
		names: named("unk_token", "<unk>", "pad_token", "<pad>"), length: 64,
		build: &build{
			model:        llamaPairs,
			normalizer:   `{"type":"Sequence","normalizers":[<<do_lower_case=true?{"type":"Lowercase"}>>,<<@charsmap>>]}`,
			preTokenizer: `{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},` + meta(always) + `]}`,
			decoder:      `{"type":"Sequence","decoders":[` + meta(always) + `,{"type":"ByteFallback"},{"type":"Fuse"}]}`,
		},
	},
	// models/reformer
	"Reformer": {
		names: named("eos_token", "</s>", "unk_token", "<unk>"), renewed: asTheyAre,
		build: &build{model: unkPairs, normalizer: mapped, preTokenizer: meta(always), decoder: meta(always)},
	},
	// models/nllb: the language goes before the text, in old files behind it.
	"Nllb": {
		names: robertaNames, leftMask: true, normalMask: true, extra: strings.Fields(nllbLanguages),
		build: &build{
			model: unkPairs, normalizer: mapped, preTokenizer: meta(always), decoder: meta(always), last: true,
			post: "<<legacy_behaviour=false?A:0 eos_token:0 src_lang:0|src_lang:0 A:0 eos_token:0>> | " +
				"<<legacy_behaviour=false?A:0 B:0 eos_token:0 src_lang:0|src_lang:0 A:0 B:0 eos_token:0>>",
			texts: map[string]string{"src_lang": "eng_Latn"},
		},
	},
	// models/seamless_m4t: the normalizer makes marks of several spaces alone.
	"SeamlessM4T": {
		names: robertaNames[:len(robertaNames)-1],
		build: &build{
			model: unkPairs,
			normalizer: `{"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"Regex":"[\\n\\r\\t]"},"content":" "},{"type":"NFKC"},` +
				`{"type":"Strip","strip_left":false,"strip_right":true},{"type":"Replace","pattern":{"Regex":" +▁"},"content":"▁"},` +
				`{"type":"Replace","pattern":{"Regex":"^▁+$"},"content":""},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"▁"}]}`,
			preTokenizer: meta(`"first"`), decoder: meta(`"first"`), last: true,
			post:  "eos_token:0 tgt_lang:0 A:0 eos_token:0 | eos_token:0 tgt_lang:0 A:0 B:0 eos_token:0",
			texts: map[string]string{"tgt_lang": "__fra__"},
		},
	},
}
