package sidefiles

// class is what a class of tokenizers in the reference does on its own: the tokens that
// it names, and what it makes a tokenizer of in place of what tokenizer.json says.
type class struct {
	names []Name // the tokens that it names where the configuration does not; "" for none
	// extra are the special tokens without a name that it adds where the configuration
	// has no list of further ones, always those that it adds to such a list.
	extra, always []string
	left          bool // texts are filled up on the left
	length        int  // of the longest text, where the configuration has none; 0 for none
	// apart says that the class does not read tokenizer.json: what the other files say
	// is about a tokenizer with ids of its own, and adds no tokens to this one.
	apart bool
	// build is what its tokenizers are made of, nil where it takes tokenizer.json as
	// it is.
	build *build
	// leftMask says that the mask takes the spaces before it, and normalMask that it is
	// found after normalization. Both count where the files give no description of it.
	leftMask, normalMask bool
	// renewed says how tokens are described anew once all are there.
	renewed  renewal
	decoding Decoding
}

// renewal is how a class adds its special tokens once more after all others.
type renewal int

const (
	notRenewed renewal = iota
	bare               // as texts alone, whatever their descriptions
	asTheyAre          // with their descriptions, where they have some
)

// Decoding is what a class does with ids and text beyond its decoder.
type Decoding int

const (
	// Plain is nothing more.
	Plain Decoding = iota
	// CLIP makes spaces of the ends of words, and takes those around the text away.
	CLIP
	// Whisper leaves times out of the text, and with special tokens the prompt before it.
	Whisper
	// CTC counts one of equal ids that follow each other, and the padding not at all.
	CTC
)

// named makes the names of a class from pairs.
func named(pairs ...string) []Name {
	var names []Name
	for i := 0; i < len(pairs); i += 2 {
		names = append(names, Name{pairs[i], Value{Text: pairs[i+1]}})
	}
	return names
}

const endOfText = "<|endoftext|>"

// The names that several classes give.
var (
	bertNames   = named("unk_token", "[UNK]", "sep_token", "[SEP]", "pad_token", "[PAD]", "cls_token", "[CLS]", "mask_token", "[MASK]")
	debertNames = append(named("bos_token", "[CLS]", "eos_token", "[SEP]"), bertNames...)
	albertNames = named("bos_token", "[CLS]", "eos_token", "[SEP]", "unk_token", "<unk>", "sep_token", "[SEP]",
		"pad_token", "<pad>", "cls_token", "[CLS]", "mask_token", "[MASK]")
	gptNames     = named("unk_token", endOfText, "bos_token", endOfText, "eos_token", endOfText)
	robertaNames = named("bos_token", "<s>", "eos_token", "</s>", "sep_token", "</s>", "cls_token", "<s>",
		"unk_token", "<unk>", "pad_token", "<pad>", "mask_token", "<mask>")
	t5Names    = named("eos_token", "</s>", "unk_token", "<unk>", "pad_token", "<pad>")
	gemmaNames = named("unk_token", "<unk>", "bos_token", "<bos>", "eos_token", "<eos>", "pad_token", "<pad>", "mask_token", "<mask>")
	llamaNames = named("unk_token", "<unk>", "bos_token", "<s>", "eos_token", "</s>")
	lukeNames  = append(robertaNames[:len(robertaNames):len(robertaNames)], named("entity_1_token", "<ent>", "entity_2_token", "<ent2>",
		"entity_unk_token", "[UNK]", "entity_pad_token", "[PAD]", "entity_mask_token", "[MASK]", "entity_mask2_token", "[MASK2]")...)
)

// classes are those by their names without Tokenizer at the end. One that is not here
// takes tokenizer.json as it is and names no token. Those that are missing although they
// make tokenizers anew cannot be had from tokenizer.json alone: Cpm and RoFormer want a
// library for Chinese, Esmc brings its own vocabulary, MarkupLM reads pages.
var classes = merge(wordClasses, byteClasses, spaceClasses, pieceClasses, otherClasses)

// otherClasses take tokenizer.json as it is, or do not look at it.
var otherClasses = map[string]*class{
	// models/fnet: AlbertTokenizer without an __init__ of its own.
	"FNet": {names: albertNames},
	// models/parakeet
	"Parakeet": {decoding: CTC},
	// models/bart and so on have no files of this name: AutoTokenizer has Python's alone.
	"Marian": {apart: true}, "M2M100": {apart: true}, "Speech2Text": {apart: true}, "BertGeneration": {apart: true},
	"GPTSw3": {apart: true}, "SpeechT5": {apart: true},
}

// merge joins tables.
func merge(tables ...map[string]*class) map[string]*class {
	all := map[string]*class{}
	for _, table := range tables {
		for name, c := range table {
			all[name] = c
		}
	}
	return all
}
