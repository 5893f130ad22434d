package sidefiles

import "encoding/json"

// Classes with byte-level BPE models and with the older ones that mark the ends of words,
// each from models/NAME/tokenization_NAME.py of transformers 5.24.
const (
	byteLevel = `{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}`
	byteWords = `{"type":"ByteLevel","add_prefix_space":<<add_prefix_space=false>>,"trim_offsets":true,"use_regex":true}`
	// bytePairs has affixes that are empty, which counts as none.
	bytePairs = `{"type":"BPE"}`
	endPairs  = `{"type":"BPE","end_of_word_suffix":"</w>","unk_token":<<$unk_token>>}`
	nfc       = `{"type":"NFC"}`

	qwenWords   = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen35Words = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	clipWords   = `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
	// nougatMarks is a pattern that the class hands over as a text.
	nougatMarks = `[\(\)\[\]\{\}]|([!\"#\$%\&'\*\+,\-\./:;<=>\?\\\^_` + "`" + `\|\~])\1*`

	// What is put around a text and around a pair, as build.post has it.
	pairsAround  = "cls_token:0 A:0 sep_token:0 | cls_token:0 A:0 sep_token:0 sep_token:0 B:0 sep_token:0"
	beginsAround = "bos_token:0 A:0 | bos_token:0 A:0 bos_token:1 B:1"
	// nothing takes back what tokenizer.json puts around a text.
	nothing = "A:0 | A:0 B:1"
)

// SplitBytes is the pre-tokenizer that cuts a text by a pattern and writes its bytes in the
// byte-level alphabet, with a space before the text or not.
func SplitBytes(pattern, space string) string {
	return `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":` + quoted(pattern) + `},"behavior":"Isolated","invert":false},` +
		`{"type":"ByteLevel","add_prefix_space":` + space + `,"trim_offsets":true,"use_regex":false}]}`
}

// quoted returns a text as JSON.
func quoted(text string) string {
	data, _ := json.Marshal(text) // a text has no error
	return string(data)
}

// robertaPost is RoBERTa's post-processor with tokens of these names.
func robertaPost(sep, cls, trim, space string) string {
	return `{"type":"RobertaProcessing","sep":[<<$` + sep + `>>,<<#` + sep + `>>],"cls":[<<$` + cls + `>>,<<#` + cls + `>>],` +
		`"trim_offsets":` + trim + `,"add_prefix_space":` + space + `}`
}

// byBytes is the build of GPT-2 with a normalizer and another pre-tokenizer.
func byBytes(normalizer, preTokenizer string) *build {
	return &build{model: bytePairs, normalizer: normalizer, preTokenizer: preTokenizer, decoder: byteLevel}
}

// with returns a build with a post-processor that goes before that of tokenizer.json.
func (b build) with(post string) *build {
	b.post, b.last = post, true
	return &b
}

var gpt2Build = byBytes("", byteWords)

// gpt2 is the class of CodeGen too.
var gpt2 = class{names: gptNames, build: gpt2Build}

// roberta is the class of BART and its relatives too.
var roberta = class{
	names: robertaNames,
	build: gpt2Build.with(robertaPost("sep_token", "cls_token", "<<trim_offsets=true>>", "<<add_prefix_space=false>>")),
}

var byteClasses = map[string]*class{
	"GPT2": &gpt2, "CodeGen": &gpt2, // models/gpt2, codegen
	// models/whisper, whose texts begin with what is to be done with the sound.
	"Whisper": {
		names: gptNames, decoding: Whisper,
		build: gpt2Build.with("<<@whisper>> A:0 eos_token:0 | <<@whisper>> A:0 B:1 eos_token:1"),
	},
	// models/gpt_neox, which takes back what tokenizer.json puts around a text: its settings
	// decide, and AutoTokenizer drops those beside a tokenizer.json.
	"GPTNeoX": {
		names: append(gptNames[:len(gptNames):len(gptNames)], named("pad_token", "<|padding|>")...),
		build: &build{
			model: bytePairs, normalizer: nfc, decoder: byteLevel, post: nothing, last: true,
			preTokenizer: `{"type":"ByteLevel","add_prefix_space":<<add_prefix_space=false>>,"trim_offsets":<<trim_offsets=true>>,"use_regex":true}`,
		},
	},
	// models/qwen2, which Qwen3 and the models for pictures have too.
	"Qwen2": {
		names:   named("unk_token", endOfText, "bos_token", "", "eos_token", endOfText, "pad_token", endOfText),
		build:   byBytes(nfc, SplitBytes(qwenWords, "<<add_prefix_space=false>>")),
		renewed: bare,
	},
	// models/qwen3_5: marks belong to the letters before them.
	"Qwen3_5": {
		names: named("unk_token", endOfText, "bos_token", "", "eos_token", endOfText, "pad_token", endOfText),
		build: byBytes(nfc, SplitBytes(qwen35Words, "<<add_prefix_space=false>>")),
	},
	// models/roberta; the others are RobertaTokenizer under another name.
	"Roberta": &roberta, "Bart": &roberta, "Longformer": &roberta, "LED": &roberta, "Mvp": &roberta,
	// models/blenderbot: RoBERTa's with a space before each text. Nothing is put around it
	// that tokenizer.json does not put there.
	"Blenderbot": {
		names: robertaNames, leftMask: true,
		build: byBytes("", `{"type":"ByteLevel","add_prefix_space":<<add_prefix_space=true>>,"trim_offsets":true,"use_regex":true}`),
	},
	// models/layoutlmv3, for words of a page, each of which has a space before it.
	"LayoutLMv3": {
		names: robertaNames,
		build: byBytes("", `{"type":"ByteLevel","add_prefix_space":<<add_prefix_space=true>>,"trim_offsets":true,"use_regex":true}`).
			with(robertaPost("sep_token", "cls_token", "true", "<<add_prefix_space=true>>")),
	},
	// models/luke: RoBERTa's with marks for the entities of a text.
	"Luke": {
		names: lukeNames, always: []string{"<ent>", "<ent2>"},
		build: gpt2Build.with(robertaPost("sep_token", "cls_token", "true", "true")),
	},
	"Deberta": {names: debertNames, build: gpt2Build.with(pairsAround)}, // models/deberta
	// models/cohere: digits are cut off before the pattern of GPT-2.
	"Cohere": {
		names: named("unk_token", "<UNK>", "bos_token", "<BOS_TOKEN>", "eos_token", "<|END_OF_TURN_TOKEN|>", "pad_token", "<PAD>",
			"cls_token", "<CLS>", "sep_token", "<SEP>", "mask_token", "<MASK_TOKEN>"),
		left:    true,
		build:   byBytes(nfc, `{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},`+byteWords+`]}`),
		renewed: asTheyAre,
	},
	// models/clip: the pattern leaves spaces out, so that ends of words are marked, which
	// its decoding makes spaces of.
	"CLIP": {
		names:    named("unk_token", endOfText, "bos_token", "<|startoftext|>", "eos_token", endOfText, "pad_token", endOfText),
		decoding: CLIP,
		build: &build{
			model: endPairs,
			normalizer: `{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "},` +
				`{"type":"Lowercase"}]}`,
			preTokenizer: `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":` + quoted(clipWords) + `},"behavior":"Removed","invert":true},` +
				`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}`,
			decoder: byteLevel, post: robertaPost("eos_token", "bos_token", "false", "false"), last: true,
		},
	},
	// models/openai, the first GPT, whose words are those of BERT.
	"OpenAIGPT": {
		names: named("unk_token", "<unk>"),
		build: &build{
			model:        endPairs,
			normalizer:   `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}`,
			preTokenizer: bertWords, decoder: `{"type":"BPEDecoder","suffix":"</w>"}`,
		},
	},
	// models/herbert: the ids around a text are constants there.
	"Herbert": {
		names: named("cls_token", "<s>", "unk_token", "<unk>", "pad_token", "<pad>", "mask_token", "<mask>", "sep_token", "</s>"),
		build: &build{
			model:        endPairs,
			normalizer:   `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":false,"lowercase":false}`,
			preTokenizer: bertWords, decoder: `{"type":"BPEDecoder","suffix":"</w>"}`,
			post: `{"type":"BertProcessing","sep":[<<$sep_token>>,2],"cls":[<<$cls_token>>,0]}`, last: true,
		},
	},
	// models/nougat, which has a pattern for marks that it hands over as a text, so that
	// it is found nowhere. Its padding to 4096 ids is not followed.
	"Nougat": {
		names: named("unk_token", "<unk>", "bos_token", "<s>", "eos_token", "</s>", "pad_token", "<pad>"),
		build: &build{
			model: bytePairs, normalizer: `{"type":"NFKC"}`,
			preTokenizer: `{"type":"Sequence","pretokenizers":[` +
				`{"type":"Split","pattern":{"String":"SPL1T-TH1S-Pl3A5E"},"behavior":"Removed","invert":false},` +
				`{"type":"Digits","individual_digits":true},` +
				`{"type":"Split","pattern":{"String":` + quoted(nougatMarks) + `},"behavior":"Isolated","invert":false},` +
				`{"type":"Split","pattern":{"String":"\n"},"behavior":"Isolated","invert":false},` +
				`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}`,
			decoder: byteLevel, post: "bos_token:0 A:0 eos_token:0 | A:0 B:1", last: true,
		},
	},
}
