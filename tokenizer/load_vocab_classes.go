package tokenizer

import (
	"encoding/json"
	"slices"
)

// class is what a class of transformers 5.24 makes of a vocabulary: the sections of a
// tokenizer.json but for the vocabulary itself. What depends on settings is left open in
// them as builder.expand reads it.
type class struct {
	words bool   // of vocab.txt, not of vocab.json and merges.txt
	small string // the small fields of the model

	normalizer, pre, decoder string
	// post is a post-processor, single and pair a template for one; without either the
	// beginning and the end are put around a text where the settings want it, the
	// beginning also without if bos is set.
	post, single, pair string
	bos                bool

	tokens       map[string]string // the special tokens that no file names
	leftMask     bool              // the mask takes the spaces before it
	again        bool              // special tokens are added a second time, as they are written
	extraSpecial bool              // further special tokens are special whatever they say
	lower        bool              // words end in </w>, which decoding makes a space
	whisper      bool
}

const (
	byteLevel  = `{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}`
	byteWords  = `{"type":"ByteLevel","add_prefix_space":${add_prefix_space:false},"trim_offsets":true,"use_regex":true}`
	bytePairs  = `{"type":"BPE"}`
	wordPieces = `{"type":"WordPiece","unk_token":${unk_token},"continuing_subword_prefix":"##","max_input_chars_per_word":100}`
	bertText   = `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":${tokenize_chinese_chars:true},` +
		`"strip_accents":${strip_accents:null},"lowercase":${do_lower_case:true}}`
	bertWords   = `{"type":"BertPreTokenizer"}`
	wordDecoder = `{"type":"WordPiece","prefix":"##","cleanup":true}`
	bertSingle  = "cls_token:0 A:0 sep_token:0"
	bertPair    = "cls_token:0 A:0 sep_token:0 B:1 sep_token:1"
	robertaPost = `{"type":"RobertaProcessing","sep":[${sep_token},${sep_token_id}],"cls":[${cls_token},${cls_token_id}],` +
		`"trim_offsets":${trim_offsets:true},"add_prefix_space":${add_prefix_space:false}}`
	nfc         = `{"type":"NFC"}`
	qwenWords   = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen35Words = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	clipWords   = `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
	endOfText   = "<|endoftext|>"
)

// splitBytes is the pre-tokenizer that cuts a text by a pattern and writes its bytes in the
// byte-level alphabet, with a space before the text or not.
func splitBytes(pattern, space string) string {
	return `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":` + quoted(pattern) + `},"behavior":"Isolated","invert":false},` +
		`{"type":"ByteLevel","add_prefix_space":` + space + `,"trim_offsets":true,"use_regex":false}]}`
}

// The special tokens of several classes.
var (
	gptTokens     = map[string]string{"unk_token": endOfText, "bos_token": endOfText, "eos_token": endOfText}
	qwenTokens    = map[string]string{"unk_token": endOfText, "eos_token": endOfText, "pad_token": endOfText}
	robertaTokens = map[string]string{
		"bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>",
		"unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>",
	}
	// Of the classes that read SentencePiece models, and take ranks in their place.
	llamaTokens = map[string]string{"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
	bertTokens  = map[string]string{
		"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]",
	}
)

// bert is the class of most encoders with a vocab.txt.
var bert = class{
	words: true, small: wordPieces, normalizer: bertText, pre: bertWords, decoder: wordDecoder,
	single: bertSingle, pair: bertPair, tokens: bertTokens,
}

// roberta is the class of BART and its relatives too.
var roberta = class{small: bytePairs, pre: byteWords, decoder: byteLevel, post: robertaPost, tokens: robertaTokens}

// classes are the classes by their names without Tokenizer.
var classes = map[string]class{
	"GPT2":    {small: bytePairs, pre: byteWords, decoder: byteLevel, tokens: gptTokens},
	"CodeGen": {small: bytePairs, pre: byteWords, decoder: byteLevel, tokens: gptTokens},
	"Whisper": {
		small: bytePairs, pre: byteWords, decoder: byteLevel, tokens: gptTokens,
		single: "A:0 eos_token:0", pair: "A:0 B:1 eos_token:1", whisper: true,
	},
	"GPTNeoX": {
		small: bytePairs, normalizer: nfc, pre: byteWords, decoder: byteLevel,
		tokens: map[string]string{"unk_token": endOfText, "bos_token": endOfText, "eos_token": endOfText, "pad_token": "<|padding|>"},
	},
	"Qwen2":   {small: bytePairs, normalizer: nfc, pre: splitBytes(qwenWords, "${add_prefix_space:false}"), decoder: byteLevel, tokens: qwenTokens, again: true},
	"Qwen3_5": {small: bytePairs, normalizer: nfc, pre: splitBytes(qwen35Words, "${add_prefix_space:false}"), decoder: byteLevel, tokens: qwenTokens},
	"CLIP": {
		small: `{"type":"BPE","end_of_word_suffix":"</w>","unk_token":${unk_token}}`,
		normalizer: `{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "},` +
			`{"type":"Lowercase"}]}`,
		pre: `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":` + quoted(clipWords) + `},"behavior":"Removed","invert":true},` +
			`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}`,
		decoder: byteLevel, lower: true,
		post: `{"type":"RobertaProcessing","sep":[${eos_token},${eos_token_id}],"cls":[${bos_token},${bos_token_id}],` +
			`"trim_offsets":false,"add_prefix_space":false}`,
		tokens: map[string]string{"unk_token": endOfText, "bos_token": "<|startoftext|>", "eos_token": endOfText, "pad_token": endOfText},
	},
	"OpenAIGPT": {
		small:      `{"type":"BPE","end_of_word_suffix":"</w>","unk_token":${unk_token}}`,
		normalizer: `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}`,
		pre:        bertWords, decoder: `{"type":"BPEDecoder","suffix":"</w>"}`, tokens: map[string]string{"unk_token": "<unk>"},
	},
	"Herbert": {
		small:      `{"type":"BPE","end_of_word_suffix":"</w>","unk_token":${unk_token}}`,
		normalizer: `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":false,"lowercase":false}`,
		pre:        bertWords, decoder: `{"type":"BPEDecoder","suffix":"</w>"}`,
		post: `{"type":"BertProcessing","sep":[${sep_token},2],"cls":[${cls_token},0]}`,
		tokens: map[string]string{
			"cls_token": "<s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>", "sep_token": "</s>",
		},
	},
	"Deberta": {
		small: bytePairs, pre: byteWords, decoder: byteLevel,
		single: "cls_token:0 A:0 sep_token:0", pair: "cls_token:0 A:0 sep_token:0 sep_token:0 B:0 sep_token:0",
		tokens: map[string]string{
			"bos_token": "[CLS]", "eos_token": "[SEP]", "sep_token": "[SEP]", "cls_token": "[CLS]",
			"unk_token": "[UNK]", "pad_token": "[PAD]", "mask_token": "[MASK]",
		},
	},
	"Blenderbot": {
		small:   bytePairs,
		pre:     `{"type":"ByteLevel","add_prefix_space":${add_prefix_space:true},"trim_offsets":true,"use_regex":true}`,
		decoder: byteLevel, tokens: robertaTokens, leftMask: true,
	},
	"Cohere": {
		small: bytePairs, normalizer: nfc, decoder: byteLevel, extraSpecial: true,
		pre: `{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},` + byteWords + `]}`,
		tokens: map[string]string{
			"unk_token": "<UNK>", "bos_token": "<BOS_TOKEN>", "eos_token": "<|END_OF_TURN_TOKEN|>", "pad_token": "<PAD>",
			"cls_token": "<CLS>", "sep_token": "<SEP>", "mask_token": "<MASK_TOKEN>",
		},
	},
	"Roberta": roberta, "Bart": roberta, "LED": roberta, "Longformer": roberta, "Mvp": roberta,

	"Bert": bert, "DistilBert": bert, "Electra": bert, "MobileBert": bert, "ConvBert": bert, "LayoutLM": bert,
	"Lxmert": bert, "SqueezeBert": bert, "DPRContextEncoder": bert, "DPRQuestionEncoder": bert, "DPRReader": bert,
	"MPNet": {
		words: true, small: wordPieces, normalizer: bertText, pre: bertWords, decoder: wordDecoder,
		post: `{"type":"RobertaProcessing","sep":[${sep_token},${sep_token_id}],"cls":[${cls_token},${cls_token_id}],` +
			`"trim_offsets":true,"add_prefix_space":false}`,
		tokens: map[string]string{
			"bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>",
			"unk_token": "[UNK]", "pad_token": "<pad>", "mask_token": "<mask>",
		},
		leftMask: true,
	},
	"Funnel": {
		words: true, small: wordPieces, pre: bertWords, decoder: `{"type":"WordPiece","prefix":${wordpieces_prefix:"##"},"cleanup":true}`,
		normalizer: `{"type":"BertNormalizer","clean_text":${clean_text:true},"handle_chinese_chars":${tokenize_chinese_chars:true},` +
			`"strip_accents":${strip_accents:null},"lowercase":${do_lower_case:true}}`,
		single: "cls_token:2 A:0 sep_token:0", pair: "cls_token:2 A:0 sep_token:0 B:1 sep_token:1",
		tokens: map[string]string{
			"unk_token": "<unk>", "sep_token": "<sep>", "pad_token": "<pad>", "cls_token": "<cls>", "mask_token": "<mask>",
			"bos_token": "<s>", "eos_token": "</s>",
		},
	},
}

// quoted returns a text as JSON.
func quoted(text string) string {
	data, _ := json.Marshal(text) // a text has no error
	return string(data)
}

// typeClasses are the classes of the types of models whose tokenizer_config.json names none
// (TOKENIZER_MAPPING_NAMES of transformers, those with a class above).
var typeClasses = invert(map[string][]string{
	"GPT2": {
		"blip-2", "codegen", "dbrx", "emu3", "gpt2", "gpt_neo", "gptj", "hyperclovax_vision_v2", "instructblip",
		"instructblipvideo", "jais2", "opt", "phi", "starcoder2",
	},
	"GPTNeoX": {"falcon_mamba", "gpt_neox", "mamba", "mamba2", "mpt", "olmo", "olmoe", "rwkv", "xlstm"},
	"Roberta": {
		"bart", "bridgetower", "clap", "data2vec-text", "ibert", "lilt", "longformer", "mega", "mra", "roberta",
		"roberta-prelayernorm", "florence2", "led", "mvp",
	},
	"CLIP": {"aimv2", "clip", "clipseg", "groupvit", "omdet-turbo", "oneformer", "owlv2", "owlvit", "sam3", "sam3_video", "xclip"},
	"Qwen2": {
		"audioflamingo3", "colqwen2", "cosmos3_omni", "dots3_note", "fun_asr_nano", "hunyuan_vl", "internvl", "lighton_ocr",
		"moss_transcribe_diarize", "ovis2", "qianfan_ocr", "qwen2", "qwen2_5_omni", "qwen2_5_vl", "qwen2_audio", "qwen2_moe",
		"qwen2_vl", "qwen3", "qwen3_asr", "qwen3_moe", "qwen3_next", "qwen3_omni_moe", "qwen3_vl", "qwen3_vl_moe", "vibevoice",
	},
	"Qwen3_5": {"qwen3_5", "qwen3_5_moe", "qwen3_5_moe_text", "qwen3_5_text", "qwen4_exp"},
	"Cohere":  {"aya_vision", "cohere", "cohere2"},
	"Whisper": {"whisper"}, "OpenAIGPT": {"openai-gpt"}, "Herbert": {"herbert"}, "Deberta": {"deberta"}, "Blenderbot": {"blenderbot"},
	"Bert": {
		"align", "bark", "bert", "blip", "bros", "chinese_clip", "convbert", "distilbert", "electra", "ernie", "flava", "git",
		"grounding-dino", "layoutlm", "lxmert", "megatron-bert", "mm-grounding-dino", "nezha", "nomic_bert", "qdqbert", "realm",
		"retribert", "squeezebert", "tvp", "vilt", "visual_bert", "mobilebert", "dpr",
	},
	"MPNet": {"mpnet"}, "Funnel": {"funnel"},
})

// invert returns the class of each type.
func invert(lists map[string][]string) map[string]string {
	byType := map[string]string{}
	for name, types := range lists {
		for _, kind := range types {
			byType[kind] = name
		}
	}
	return byType
}

// wrongClasses are the types of models whose tokenizer_config.json may name a class that
// is not theirs (MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS of transformers).
var wrongClasses = []string{"qwen2", "qwen3_5", "qwen3_5_moe", "qwen3_5_moe_text", "qwen4_exp", "hyperclovax_vision_v2"}

// anyClasses are names that stand for no class of their own.
var anyClasses = []string{"", "PreTrained", "TokenizersBackend", "PythonBackend"}

// classOf returns the class of a vocabulary: the one that the files name, or that of the
// model's type, or else the one given. A class that makes something else of such a
// vocabulary, which nothing here knows, is an error.
func (s *settings) classOf(otherwise string, words bool) (class, error) {
	name := s.class
	if slices.Contains(anyClasses, name) || slices.Contains(wrongClasses, s.modelType) {
		name = typeClasses[s.modelType]
	}
	if name == "" {
		name = otherwise
	}
	c, ok := classes[name]
	if !ok || c.words != words {
		return class{}, unsupportedClass(name + "Tokenizer")
	}
	return c, nil
}
