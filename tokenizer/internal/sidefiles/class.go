package sidefiles

// class is what a class of tokenizers in the reference does on its own.
type class struct {
	names []Name // the tokens that it names where the configuration does not; "" for none
	// sentinels are the special tokens <extra_id_0> and so on that it adds where the
	// configuration has no list of further ones.
	sentinels int
	left      bool // texts are filled up on the left
	// apart says that the class does not read tokenizer.json: what the other files say
	// is about a tokenizer with ids of its own, and adds no tokens to this one.
	apart bool
	// build is what its tokenizers are made of, nil where it takes tokenizer.json as
	// it is.
	build *build
	// renewed tokens are described anew once all are there, as the class finds it.
	renewed bool
}

// named makes the names of a class from pairs.
func named(pairs ...string) []Name {
	var names []Name
	for i := 0; i < len(pairs); i += 2 {
		names = append(names, Name{pairs[i], Value{Text: pairs[i+1]}})
	}
	return names
}

const endOfText = "<|endoftext|>"

// bert is the class of BERT and of those that are the same under another name.
var bert = class{
	names: named("unk_token", "[UNK]", "sep_token", "[SEP]", "pad_token", "[PAD]", "cls_token", "[CLS]", "mask_token", "[MASK]"),
	build: &build{normalizer: "BertNormalizer", preTokenizer: "BertPreTokenizer", decoder: "WordPiece", set: bertSettings, around: "BertProcessing"},
}

var gpt2 = class{
	names: named("unk_token", endOfText, "bos_token", endOfText, "eos_token", endOfText, "pad_token", ""),
	build: &build{preTokenizer: "ByteLevel", decoder: "ByteLevel", set: prefixSpace},
}

// roberta is the class of RoBERTa and BART.
var roberta = class{
	names: named("bos_token", "<s>", "eos_token", "</s>", "sep_token", "</s>", "cls_token", "<s>", "unk_token", "<unk>", "pad_token", "<pad>", "mask_token", "<mask>"),
	build: &build{preTokenizer: "ByteLevel", decoder: "ByteLevel", set: prefixSpace, around: "RobertaProcessing"},
}

var llama = class{
	names: named("unk_token", "<unk>", "bos_token", "<s>", "eos_token", "</s>"),
	left:  true,
	build: &build{preTokenizer: "Metaspace", decoder: "Replace ByteFallback Fuse Strip", set: llamaSettings},
}

var apart = class{apart: true}

var xlmRoberta = class{
	names: named("bos_token", "<s>", "eos_token", "</s>", "sep_token", "</s>", "cls_token", "<s>", "unk_token", "<unk>", "pad_token", "<pad>", "mask_token", "<mask>"),
}

// classes are those by their names without Tokenizer at the end. One that is not here
// takes tokenizer.json as it is and names no token.
var classes = map[string]*class{
	"Bert": &bert, "DistilBert": &bert, "MobileBert": &bert, "ConvBert": &bert, "SqueezeBert": &bert,
	"Electra": &bert, "Lxmert": &bert, "LayoutLM": &bert,
	"DPRContextEncoder": &bert, "DPRQuestionEncoder": &bert, "DPRReader": &bert,
	"GPT2": &gpt2,
	"CodeGen": {
		names: gpt2.names,
		build: gpt2.build,
	},
	"Whisper": {
		names: named("unk_token", endOfText, "bos_token", endOfText, "eos_token", endOfText),
		build: gpt2.build,
	},
	"GPTNeoX": {
		names: named("unk_token", endOfText, "bos_token", endOfText, "eos_token", endOfText, "pad_token", "<|padding|>"),
		build: &build{normalizer: "NFC", preTokenizer: "ByteLevel", decoder: "ByteLevel", set: prefixSpace, around: nothing},
	},
	"Qwen2": {
		names:   named("unk_token", endOfText, "bos_token", "", "eos_token", endOfText, "pad_token", endOfText),
		build:   &build{normalizer: "NFC", preTokenizer: "Split ByteLevel", decoder: "ByteLevel", set: prefixSpace},
		renewed: true,
	},
	"Roberta": &roberta, "Bart": &roberta, "Longformer": &roberta, "LED": &roberta, "Mvp": &roberta,
	"Cohere": {
		names: named("unk_token", "<UNK>", "bos_token", "<BOS_TOKEN>", "eos_token", "<|END_OF_TURN_TOKEN|>", "pad_token", "<PAD>",
			"cls_token", "<CLS>", "sep_token", "<SEP>", "mask_token", "<MASK_TOKEN>"),
		left:    true,
		build:   &build{normalizer: "NFC", preTokenizer: "Digits ByteLevel", decoder: "ByteLevel", set: prefixSpace},
		renewed: true,
	},
	"Llama": &llama, "Phi3": &llama,
	"Gemma": {
		names: named("unk_token", "<unk>", "bos_token", "<bos>", "eos_token", "<eos>", "pad_token", "<pad>", "mask_token", "<mask>"),
		left:  true,
		build: &build{normalizer: "Replace", preTokenizer: "Split", decoder: "Replace ByteFallback Fuse"},
	},
	"CLIP": {
		names: named("unk_token", endOfText, "bos_token", "<|startoftext|>", "eos_token", endOfText, "pad_token", endOfText),
	},
	"T5": {
		names:     named("eos_token", "</s>", "unk_token", "<unk>", "pad_token", "<pad>"),
		build:     &build{normalizer: "Precompiled|", preTokenizer: "WhitespaceSplit Metaspace", decoder: "Metaspace", around: "T5"},
		sentinels: 100,
	},
	"XLMRoberta": &xlmRoberta,
	"Marian":     &apart, "M2M100": &apart, "Speech2Text": &apart, "BertGeneration": &apart, "GPTSw3": &apart, "SpeechT5": &apart,
}
