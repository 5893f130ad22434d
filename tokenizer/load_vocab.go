package tokenizer

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
	"github.com/gocoreml/coreml/tokenizer/internal/tekken"
	"github.com/gocoreml/coreml/tokenizer/internal/tiktoken"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// vocabKind is a form of vocabulary from before tokenizer.json, or beside it. Only
// tekken.json says what else a tokenizer is made of: for the others that is known by the
// class in tokenizer_config.json or the type of the model.
type vocabKind int

const (
	noVocab     vocabKind = iota
	wordsVocab            // vocab.txt
	mergesVocab           // vocab.json and merges.txt
	ranksVocab            // tiktoken's
	tekkenVocab           // Mistral's
)

// The names of vocabularies in a folder. AutoTokenizer of transformers takes the first
// three where there is no tokenizer.json, whatever the class.
const (
	tekkenFile = "tekken.json"
	ranksFile  = "tiktoken.model"
	mergesFile = "merges.txt"
	jsonFile   = "vocab.json"
	wordsFile  = "vocab.txt"
)

// rankNames are the names that files of ranks have without a model's own.
var rankNames = []string{
	ranksFile, "qwen.tiktoken", "o200k_base.tiktoken", "o200k_harmony.tiktoken", "cl100k_base.tiktoken",
	"p50k_base.tiktoken", "r50k_base.tiktoken", "gpt2.tiktoken",
}

// vocabPatterns find the files whose names say what they are made for. Of several none is
// taken.
var vocabPatterns = []string{"*tekken*.json", "*.tiktoken"}

// kindOf returns the form of a vocabulary by the name of its file and, where that can mean
// several, by how it begins.
func kindOf(name string, data []byte) vocabKind {
	switch {
	case strings.Contains(name, "tekken") && strings.HasSuffix(name, ".json"):
		return tekkenVocab
	case name == jsonFile:
		return mergesVocab
	case strings.HasSuffix(name, ".tiktoken") || name == ranksFile:
		return ranksVocab
	case strings.HasSuffix(name, ".txt"):
		return wordsVocab
	case !strings.HasSuffix(name, ".json") && tiktoken.Is(data):
		return ranksVocab
	}
	return noVocab
}

// vocabFileIn returns the name of the file in a directory without tokenizer.json that has
// its vocabulary, that of a tokenizer.json if there is none.
func vocabFileIn(fsys fs.FS, exists func(name string) bool, dir string) string {
	for _, name := range FileNames() {
		if name == jsonFile && exists(path.Join(dir, wordsFile)) && !exists(path.Join(dir, mergesFile)) {
			continue // of something else beside a vocab.txt
		}
		if exists(path.Join(dir, name)) {
			return name
		}
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return fileName
	}
	for _, pattern := range vocabPatterns {
		var found []string
		for _, e := range entries {
			if ok, err := path.Match(pattern, e.Name()); ok && err == nil {
				found = append(found, e.Name())
			}
		}
		if len(found) == 1 {
			return found[0]
		}
	}
	return fileName
}

// errNoVocab says what a directory without a tokenizer was searched for.
var errNoVocab = fmt.Errorf("none of %s is there", strings.Join(append(FileNames(), vocabPatterns...), ", "))

// builder makes a tokenizer of a vocabulary and of what is known about its class.
type builder struct {
	side *sideFiles
	t    *Tokenizer
	fsys fs.FS
	dir  string
	// first are the tokens that come with the vocabulary, before those of side files.
	first []added.Token
	// pattern cuts a text where the vocabulary itself says how, "" where the class does.
	pattern string
	// begins says that a text has a beginning where no setting says otherwise, and deaf
	// that settings do not count.
	begins, deaf bool
}

// loadVocab makes a tokenizer of a vocabulary that is no tokenizer.json.
func loadVocab(fsys fs.FS, dir, name string, kind vocabKind, data []byte, side *sideFiles) (*Tokenizer, error) {
	b := &builder{side: side, fsys: fsys, dir: dir, t: &Tokenizer{special: map[int]bool{}}}
	var err error
	switch kind {
	case mergesVocab:
		err = b.merges(data)
	case wordsVocab:
		err = b.words(data)
	case ranksVocab:
		err = b.ranks(name, data)
	case tekkenVocab:
		err = b.tekken(data)
	}
	if err != nil {
		return nil, err
	}
	return b.t, b.finish()
}

// resolve reads the files beside the vocabulary for its class.
func (b *builder) resolve(v sidefiles.Vocabulary) error {
	b.side.files.Vocabulary = &v
	err := b.side.resolve(nil, nil)
	b.t.config = b.side.Config
	return err
}

// sections returns what the class makes of the vocabulary.
func (b *builder) sections() (*sidefiles.Sections, error) {
	made, err := b.side.Sections(&sidefiles.Source{})
	return made, formatOf(err)
}

// merges reads vocab.json, and merges.txt beside it.
func (b *builder) merges(data []byte) error {
	if err := b.resolve(sidefiles.Vocabulary{Model: "BPE", Otherwise: "GPT2"}); err != nil {
		return err
	}
	full := path.Join(b.dir, mergesFile)
	merges, err := readBounded(b.fsys, full, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("without %s beside it: %w", mergesFile, errors.Join(storage.Absent(b.fsys, full), err))
	}
	if err != nil {
		return err
	}
	made, err := b.sections()
	if err != nil {
		return err
	}
	m, err := model.FromMerges(made.Model, data, merges)
	if wrong, ok := errors.AsType[*model.MergesError](err); ok {
		return &FormatError{File: mergesFile, Err: wrong.Err}
	}
	if err != nil {
		return err
	}
	b.use(m, m.Raw())
	b.t.source.add(merges)
	return nil
}

// words reads vocab.txt.
func (b *builder) words(data []byte) error {
	if err := b.resolve(sidefiles.Vocabulary{Model: "WordPiece", Otherwise: "Bert"}); err != nil {
		return err
	}
	v, err := vocab.ReadLines(data)
	if err != nil {
		return err
	}
	made, err := b.sections()
	if err != nil {
		return err
	}
	m, err := model.FromWords(made.Model, v)
	if err == nil {
		b.use(m, false)
	}
	return err
}

// use takes a model.
func (b *builder) use(m model.Model, raw bool) {
	b.t.model, b.t.raw, b.t.vocab = m, raw, m.Tokens()
	b.t.size = len(b.t.vocab.Spans)
}

// ranks reads a file of tiktoken. Where its name says nothing, the control tokens are those
// of the files beside it, as transformers has it (TikTokenConverter and its callers).
func (b *builder) ranks(name string, data []byte) error {
	tokens, err := tiktoken.Read(data)
	if err != nil {
		return err
	}
	m, err := model.FromRanks(tokens, 0)
	if err != nil {
		return err
	}
	b.use(m, m.Raw())
	if known, ok := tiktoken.Named(strings.TrimSuffix(name, ".tiktoken")); ok {
		b.pattern = known.Pattern
		for _, sp := range known.Specials {
			b.first = append(b.first, added.Token{Content: sp.Text, ID: int64(sp.ID), Special: true, Given: true})
		}
		// tiktoken itself calls this one the end of a text.
		return b.resolve(sidefiles.Vocabulary{Names: []sidefiles.Name{{Name: "eos_token", Value: sidefiles.Value{Text: "<|endoftext|>"}}}})
	}
	if err := b.resolve(sidefiles.Vocabulary{}); err != nil {
		return err
	}
	// The files of Kimi bring a class of their own, whose pattern is not that of others.
	end := 0
	b.pattern = tiktoken.CL100K
	if class, _ := b.side.Class(); class == "TikToken" && !jsontext.IsNull(b.side.Raw("auto_map")) {
		b.pattern, end = tiktoken.Kimi, len(tokens)+256
	}
	return b.reserve(len(tokens), end)
}

// reserve gives the ids from start on to the tokens of tokenizer_config.json, and
// placeholders to those between them and up to end.
func (b *builder) reserve(start, end int) error {
	byID := map[int64]string{}
	for _, a := range b.side.Listed {
		if a.ID >= int64(start+maxReserved) {
			return fmt.Errorf("added token %d of a vocabulary of %d", a.ID, start)
		}
		byID[a.ID] = a.Content
		end = max(end, int(a.ID)+1)
	}
	known := map[string]bool{}
	for id := start; id < end; id++ {
		text, ok := byID[int64(id)]
		if !ok {
			text = fmt.Sprintf("<|reserved_token_%d|>", id)
		}
		known[text] = true
		b.first = append(b.first, added.Token{Content: text, Special: true})
	}
	for _, v := range b.side.Extra {
		if !known[v.Text] {
			b.first = append(b.first, added.Token{Content: v.Text, Special: true})
		}
	}
	return nil
}

// maxReserved bounds the tokens behind a vocabulary of ranks; those in use have some
// hundreds.
const maxReserved = 1 << 16

// tekken reads tekken.json. The ids and what is put around a text are those of
// mistral-common. Control tokens are found in a text, as in all tokenizers here: a chat
// template writes them as text.
func (b *builder) tekken(data []byte) error {
	f, err := tekken.Read(data)
	if err != nil {
		return err
	}
	m, err := model.FromRanks(f.Tokens, len(f.Specials))
	if err != nil {
		return err
	}
	b.use(m, m.Raw())
	b.pattern = f.Pattern
	for id, text := range f.Specials {
		b.first = append(b.first, added.Token{Content: text, ID: int64(id), Special: true, Given: true})
	}
	names := []sidefiles.Name{} // of those that are there
	for _, pair := range [][2]string{{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"pad_token", "<pad>"}, {"unk_token", "<unk>"}} {
		if slices.Contains(f.Specials, pair[1]) {
			names = append(names, sidefiles.Name{Name: pair[0], Value: sidefiles.Value{Text: pair[1]}})
		}
	}
	if err := b.resolve(sidefiles.Vocabulary{Names: names}); err != nil {
		return err
	}
	// Other models with such a file are loaded by transformers alone, which puts nothing
	// around a text unless it is told to.
	_, kind := b.side.Class()
	b.deaf = mistralTypes[kind]
	b.begins = b.deaf || kind == ""
	return nil
}

// mistralTypes are the types of models whose tekken.json transformers leaves to
// mistral-common.
var mistralTypes = map[string]bool{
	"ministral": true, "ministral3": true, "mistral": true, "mistral3": true, "mistral_large4": true, "mixtral": true,
	"pixtral": true, "voxtral": true, "voxtral_realtime": true,
}
