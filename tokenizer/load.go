package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/gocoreml/coreml/internal/storage"
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
// Without tokenizer.json the directory, or the file, may hold a SentencePiece
// model, tokenizer.model or spiece.model. It gives the ids that SentencePiece
// gives; control pieces such as <s> are found in text only if a file beside it
// (also added_tokens.json) names them.
//
// A component that this package does not have is an [*UnsupportedError], a
// malformed file a [*FormatError].
func Load(path string) (*Tokenizer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	if info.IsDir() {
		return load(os.DirFS(path), ".", fileName)
	}
	return load(os.DirFS(filepath.Dir(path)), ".", filepath.Base(path))
}

// LoadFS is [Load] for a directory of a file system.
func LoadFS(fsys fs.FS, dir string) (*Tokenizer, error) {
	return load(fsys, dir, fileName)
}

func load(fsys fs.FS, dir, name string) (*Tokenizer, error) {
	full := path.Join(dir, name)
	if _, err := fs.Stat(fsys, full); name == fileName && errors.Is(err, fs.ErrNotExist) {
		name = pieceFileIn(func(file string) bool { _, err := fs.Stat(fsys, file); return err == nil }, dir)
		full = path.Join(dir, name)
	}
	data, err := readBounded(fsys, full, maxFile)
	if err != nil {
		return nil, boundary(err)
	}
	side, err := readConfig(fsys, dir)
	if err != nil {
		return nil, boundary(err)
	}
	var t *Tokenizer
	if isPieces(name, data) {
		if t, err = parsePieces(data, side); errors.Is(err, errPieces) {
			err = otherFile(name, data, err)
		}
	} else if t, err = parse(data); err == nil {
		t.config = side.Config
	}
	if err != nil {
		var unsupported *UnsupportedError
		if errors.As(err, &unsupported) {
			return nil, err
		}
		return nil, &FormatError{File: name, Err: err}
	}
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
	if errors.Is(err, storage.ErrTooLong) {
		return nil, &FormatError{File: path.Base(name), Err: fmt.Errorf("the file has more than %d bytes", limit)}
	}
	return data, err
}

// boundary names the package in an error that does not do so itself.
func boundary(err error) error {
	var format *FormatError
	if errors.As(err, &format) {
		return err
	}
	return fmt.Errorf("tokenizer: %w", err)
}

// parse builds a tokenizer from the text of tokenizer.json.
func parse(data []byte) (*Tokenizer, error) {
	s := &scanner{data: bytes.TrimPrefix(data, []byte("\uFEFF"))}
	sections := map[string][]byte{}
	err := s.object(func(key []byte) error {
		name := string(key)
		raw, err := s.skip()
		sections[name] = raw
		if err == nil && !allowed(fileFields, name) && !isNull(raw) {
			err = &UnsupportedError{Component: "option", Name: name}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.peek() != 0 || s.pos < len(s.data) {
		return nil, s.fail("text after the end")
	}
	t := &Tokenizer{special: map[int]bool{}, config: &Config{}}
	if err := t.readSteps(sections); err != nil {
		return nil, err
	}
	if err := t.readLimits(sections); err != nil {
		return nil, err
	}
	drops := slices.ContainsFunc(t.normalizers, func(n normalize) bool { return n.drops })
	if drops && slices.ContainsFunc(t.stages, func(sg stage) bool { return sg.placed }) {
		t.intricate = true
	}
	last := len(t.stages) - 1
	alphabet := last >= 0 && t.stages[last].alphabet
	for _, st := range t.stages[:max(last, 0)] {
		// Text that is already in the alphabet is mapped a second time.
		alphabet = alphabet && !st.alphabet
	}
	if t.model, t.raw, err = readModel(sections["model"], alphabet); err != nil {
		return nil, err
	}
	t.vocab = t.model.tokens()
	t.size = len(t.vocab.spans)
	added, err := readAdded(sections["added_tokens"])
	if err != nil {
		return nil, err
	}
	return t, t.addTokens(added)
}

// isNull reports whether a section is absent or null.
func isNull(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" }

// The components that a section may have. Each looks at every text, and each
// stage of a pre-tokenizer has memory of its own. Those in use have less than a
// hundred, and less than ten stages.
const (
	maxComponents = 1 << 10
	maxStages     = 1 << 6
)

// errComponents is the cause of loading a file with more.
var errComponents = errors.New("too many components")

// readSteps reads the small sections of the file.
func (t *Tokenizer) readSteps(sections map[string][]byte) error {
	var c compiler
	if raw := sections["normalizer"]; !isNull(raw) {
		var n normalizer
		err := readComponent(raw, "normalizers", normalizerFields, &n)
		if err == nil {
			t.normalizers, err = n.steps(nil, &c)
		}
		if err != nil {
			return fmt.Errorf("normalizer: %w", err)
		}
	}
	if raw := sections["pre_tokenizer"]; !isNull(raw) {
		var p preTokenizer
		err := readComponent(raw, "pretokenizers", preTokenizerFields, &p)
		if err == nil {
			t.stages, err = p.stages(nil, &c)
		}
		if err == nil && len(t.stages) > maxStages {
			err = errComponents
		}
		if err != nil {
			return fmt.Errorf("pre-tokenizer: %w", err)
		}
	}
	if raw := sections["post_processor"]; !isNull(raw) {
		var p postProcessor
		err := readComponent(raw, "processors", postProcessorFields, &p)
		if err == nil {
			t.processors, err = p.steps(nil)
		}
		if err != nil {
			return fmt.Errorf("post-processor: %w", err)
		}
		t.readAffixes()
	}
	if raw := sections["decoder"]; !isNull(raw) {
		var d decoder
		err := readComponent(raw, "decoders", decoderFields, &d)
		if err == nil {
			t.decoders, err = d.steps([]decodeStep{}, &c)
		}
		if err != nil {
			return fmt.Errorf("decoder: %w", err)
		}
		t.bytesOnly = d.Type == "ByteLevel"
		if d.Type == "Metaspace" {
			t.writer, _ = d.spaces() // its error is that of the step above
		}
	}
	return nil
}

// readComponent reads one of the small sections.
func readComponent(raw []byte, list string, known map[string]string, v any) error {
	left := maxComponents
	raw, err := addTypes(raw, list, known, maxNesting, &left)
	if err != nil {
		return err
	}
	return errors.Join(json.Unmarshal(raw, v), checkFields(raw, known))
}

// readAdded reads the added tokens.
func readAdded(raw []byte) ([]addedToken, error) {
	if isNull(raw) {
		return nil, nil
	}
	var tokens []addedToken
	if err := strictly("added_tokens", raw, &tokens); err != nil {
		return nil, err
	}
	return tokens, nil
}
