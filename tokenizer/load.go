package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/sentencepiece"
)

// fileName is the name of the file that a directory must hold.
const fileName = "tokenizer.json"

// maxFile bounds the file of a tokenizer; the largest in use have 40 MB.
const maxFile = 1 << 27

// Load reads a tokenizer from a directory that holds tokenizer.json, or from
// that file. The files beside it are read where there are any:
// tokenizer_config.json, special_tokens_map.json, chat_template.jinja,
// chat_template.json and additional_chat_templates.
//
// Without tokenizer.json the directory, or the file, holds a vocabulary of another
// form. The first that is there is read:
//
//   - tekken.json of Mistral, with the ids of mistral-common;
//   - tokenizer.model or spiece.model, a SentencePiece model. It gives the ids that
//     SentencePiece gives; control pieces such as <s> are found in text only if a
//     file beside it (also added_tokens.json) names them;
//   - ranks of tiktoken: tokenizer.model or tiktoken.model, and NAME.tiktoken for an
//     encoding that has a name, such as cl100k_base, o200k_base or qwen;
//   - vocab.json with merges.txt, or vocab.txt. What cuts and rewrites a text is then
//     that of the class in tokenizer_config.json, or of the model_type in config.json,
//     as transformers 5.24 has it; without either that of GPT-2, or of BERT.
//
// With files beside it a tokenizer.json is read as AutoTokenizer of transformers 5.24
// reads it, of which [Loader] tells and which it can keep from happening. Without any it
// is what the tokenizers library makes of it.
//
// A component that this package does not have is an [*UnsupportedError], a
// malformed file a [*FormatError].
func Load(path string) (*Tokenizer, error) { return (*Loader)(nil).Load(path) }

// LoadFS is [Load] for a directory of a file system.
func LoadFS(fsys fs.FS, dir string) (*Tokenizer, error) { return (*Loader)(nil).LoadFS(fsys, dir) }

// Loader loads tokenizers in a way of its own. A nil one and the zero value load as [Load]
// does. It is safe for concurrent use as long as nobody changes it.
type Loader struct {
	// KeepComponents takes a tokenizer.json as it is, as PreTrainedTokenizerFast of
	// transformers does. Of the files beside it the tokens and the chat templates count.
	//
	// Without it the class counts that tokenizer_config.json names, or config.json by the
	// kind of model, as in AutoTokenizer of transformers 5.24. Most classes of this
	// version make the normalizer, the pre-tokenizer, the decoder, the options of the model
	// and often the post-processor anew, and take no more than the vocabulary from
	// tokenizer.json. For most models this changes nothing. For some it loses what they
	// were trained with, and ids are others than in training, as they are for those who
	// use transformers 5: GPT2Tokenizer, the class of SmolLM2, does not cut numbers into
	// digits as its file does (156 of 1,070 hard texts differ), and LlamaTokenizer puts no
	// mark before a text that begins with a space, as the file of Mistral 7B v0.1 does
	// (74 of them).
	KeepComponents bool
}

// Load is [Load] with what the loader says.
func (l *Loader) Load(path string) (*Tokenizer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	if info.IsDir() {
		return l.load(os.DirFS(path), ".", fileName)
	}
	return l.load(os.DirFS(filepath.Dir(path)), ".", filepath.Base(path))
}

// LoadFS is [LoadFS] with what the loader says.
func (l *Loader) LoadFS(fsys fs.FS, dir string) (*Tokenizer, error) {
	if fsys == nil {
		return nil, errNoFileSystem
	}
	return l.load(fsys, dir, fileName)
}

func (l *Loader) load(fsys fs.FS, dir, name string) (*Tokenizer, error) {
	full := path.Join(dir, name)
	// A link is there, wherever it leads: another file in place of one that was meant
	// would give other ids.
	there := func(file string) bool { _, err := fs.Lstat(fsys, file); return !errors.Is(err, fs.ErrNotExist) }
	if name == fileName && !there(full) {
		name = vocabFileIn(fsys, there, dir)
		full = path.Join(dir, name)
	}
	data, err := readBounded(fsys, full, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		err = cmp.Or(storage.Absent(fsys, full), err)
		if name == fileName {
			err = errors.Join(err, errNoVocab)
		}
	}
	if err != nil {
		return nil, boundary(err)
	}
	side, err := readConfig(fsys, dir)
	if err != nil {
		return nil, boundary(err)
	}
	kind := kindOf(name, data)
	pieces := kind == noVocab && isPieces(name, data)
	side.files.Plain = l != nil && l.KeepComponents && kind == noVocab && !pieces
	var t *Tokenizer
	switch {
	case kind != noVocab:
		t, err = loadVocab(fsys, dir, name, kind, data, side)
	case pieces:
		if t, err = parsePieces(data, side); errors.Is(err, sentencepiece.ErrMalformed) {
			err = otherFile(name, data, err)
		}
	default:
		t, err = parse(data, side)
	}
	if err != nil {
		if side := (*FormatError)(nil); errors.As(err, &side) {
			return nil, err
		}
		var unsupported *fault.Unsupported
		if errors.As(err, &unsupported) {
			return nil, (*UnsupportedError)(unsupported)
		}
		var format *FormatError // of another file
		if errors.As(err, &format) {
			return nil, err
		}
		return nil, &FormatError{File: name, Err: err}
	}
	t.source.add(data)
	return t, nil
}

// otherFile says what a file is that was taken for a SentencePiece model because
// it is no JSON, where that shows; err else.
func otherFile(name string, data []byte, err error) error {
	var wrong *storage.WrongFileError
	if errors.As(storage.Sniff(name, data, "a tokenizer.json or a SentencePiece model is wanted"), &wrong) {
		return &kindError{wrong, err}
	}
	return err
}

// kindError is what is wrong with a file that is no tokenizer at all. Who wraps it
// names the file.
type kindError struct {
	wrong *storage.WrongFileError
	cause error
}

func (e *kindError) Error() string   { return "it is " + e.wrong.What() }
func (e *kindError) Unwrap() []error { return []error{e.wrong, e.cause} }

// readBounded reads a regular file of at most limit bytes.
func readBounded(fsys fs.FS, name string, limit int64) ([]byte, error) {
	data, err := storage.ReadSmall(fsys, name, limit)
	return data, tooLong(err, name, limit)
}

// tooLong says of a file that has more than limit bytes that it is malformed.
func tooLong(err error, name string, limit int64) error {
	if errors.Is(err, storage.ErrTooLong) {
		return &FormatError{File: path.Base(name), Err: fmt.Errorf("the file has more than %d bytes", limit)}
	}
	return err
}

// boundary names the package in an error that does not do so itself.
func boundary(err error) error {
	var format *FormatError
	if errors.As(err, &format) {
		return err
	}
	return fmt.Errorf("tokenizer: %w", err)
}
