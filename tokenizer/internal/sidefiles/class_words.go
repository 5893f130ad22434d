package sidefiles

import "strings"

// Classes with WordPiece models, each from models/NAME/tokenization_NAME.py of
// transformers 5.24.
const (
	bertText = `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":<<tokenize_chinese_chars=true>>,` +
		`"strip_accents":<<strip_accents=null>>,"lowercase":<<do_lower_case=true>>}`
	bertWords   = `{"type":"BertPreTokenizer"}`
	wordPieces  = `{"type":"WordPiece","unk_token":<<$unk_token>>,"continuing_subword_prefix":"##","max_input_chars_per_word":100}`
	wordDecoder = `{"type":"WordPiece","prefix":"##","cleanup":true}`

	// What is put around a text and around a pair, as build.post has it.
	bertAround = "cls_token:0 A:0 sep_token:0 | cls_token:0 A:0 sep_token:0 B:1 sep_token:1"
)

// bertBuild is how most encoders make their tokenizers.
var bertBuild = build{
	model: wordPieces, normalizer: bertText, preTokenizer: bertWords, decoder: wordDecoder, post: bertAround, last: true,
}

var bert = class{names: bertNames, build: &bertBuild}

// bertBehind is BERT's class without an __init__: the components of tokenizer.json, with
// BERT's post-processor.
var bertBehind = class{names: bertNames, build: func() *build { b := bertBuild; b.behind = true; return &b }()}

// dpr is BERT's class, but for do_lower_case, which it takes without handing it on.
var dpr = class{names: bertNames, build: func() *build {
	b := bertBuild
	b.normalizer = strings.Replace(bertText, "<<do_lower_case=true>>", "true", 1)
	return &b
}()}

var wordClasses = map[string]*class{
	// models/bert, distilbert and dpr; Electra and the others are BertTokenizer under
	// another name (TOKENIZER_MAPPING_NAMES and the aliases of each model).
	"Bert": &bert, "DistilBert": &bert, "MobileBert": &bert, "SqueezeBert": &bert, "Electra": &bert, "Lxmert": &bert, "LayoutLM": &bert,
	"DPRContextEncoder": &dpr, "DPRQuestionEncoder": &dpr, "DPRReader": &dpr,
	"ConvBert": &bertBehind, // models/convbert

	"LayoutLMv2": {names: bertNames, length: 512, build: &bertBuild}, // models/layoutlmv2
	"MPNet": { // models/mpnet
		names: named("bos_token", "<s>", "eos_token", "</s>", "sep_token", "</s>", "cls_token", "<s>",
			"unk_token", "[UNK]", "pad_token", "<pad>", "mask_token", "<mask>"),
		leftMask: true,
		build: &build{
			model: wordPieces, normalizer: bertText, preTokenizer: bertWords, decoder: wordDecoder,
			post: robertaPost("sep_token", "cls_token", "true", "false"), last: true,
		},
	},
	"Funnel": { // models/funnel
		names: named("unk_token", "<unk>", "sep_token", "<sep>", "pad_token", "<pad>", "cls_token", "<cls>",
			"mask_token", "<mask>", "bos_token", "<s>", "eos_token", "</s>"),
		build: &build{
			model: wordPieces,
			normalizer: `{"type":"BertNormalizer","clean_text":<<clean_text=true>>,"handle_chinese_chars":<<tokenize_chinese_chars=true>>,` +
				`"strip_accents":<<strip_accents=null>>,"lowercase":<<do_lower_case=true>>}`,
			preTokenizer: bertWords, decoder: `{"type":"WordPiece","prefix":<<wordpieces_prefix="##">>,"cleanup":true}`,
			post: "cls_token:2 A:0 sep_token:0 | cls_token:2 A:0 sep_token:0 B:1 sep_token:1", last: true,
		},
	},
	"Splinter": { // models/splinter
		names: append(bertNames[:len(bertNames):len(bertNames)], named("question_token", "[QUESTION]")...),
		build: &build{
			model: wordPieces, normalizer: bertText, preTokenizer: bertWords, decoder: wordDecoder,
			post: "cls_token:0 A:0 sep_token:0 | cls_token:0 A:0 question_token:0 .:0 sep_token:0 B:1 sep_token:1", last: true,
		},
	},
}
