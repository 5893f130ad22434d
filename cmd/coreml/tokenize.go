package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer"
)

// tokenizeCmd is the verb tokenize. It promises the ids that Hugging Face's
// tokenizers give for the same files, with the piece and the bytes of the text
// behind each, or the text of ids; a component that is missing here is an error and
// never a guess. With --stdio it promises the same for another program.
type tokenizeCmd struct {
	Text *string `arg:"" optional:"" help:"The text; - or none reads it from standard input. With --decode, ids."`

	Tokenizer string `short:"t" aliases:"tokenizer-path" help:"Folder with the tokenizer, its tokenizer.json, or a repository, of which the tokenizer alone is downloaded. Without it that of the small storyteller." placeholder:"PATH"`
	tokenizerFlags
	Chat      string `help:"Put the conversation in FILE through the chat template: a JSON list of messages, or an object with messages, tools and the template's variables." placeholder:"FILE"`
	Decode    bool   `short:"d" help:"Turn ids, with spaces or commas between them, into text."`
	NoSpecial bool   `help:"Add no special tokens around the text; with --decode, leave them out of it."`
	JSON      bool   `help:"Print one JSON object."`
	Stdio     bool   `help:"Answer requests on standard input, a JSON object a line."`
	chatFlags
	hubFlags
}

// Help is printed by kong above the flags.
func (*tokenizeCmd) Help() string {
	return `Examples:

    coreml tokenize "Once upon a time"
    coreml tokenize -t HuggingFaceTB/SmolLM2-135M-Instruct --json "Hello"
    coreml tokenize --decode "1, 2, 3"
    coreml tokenize -t FOLDER --chat messages.json
    coreml tokenize -t FOLDER --chat messages.json --template-var enable_thinking=false

The object of --chat takes what Hugging Face's apply_chat_template takes: messages, tools, documents, add_generation_prompt (true where it is not given), continue_final_message, chat_template, sanitize_control_tokens. Other keys, and those of chat_template_kwargs, are variables of the template; one that it does not name is an error.`
}

// Validate is called by kong.
func (c *tokenizeCmd) Validate() error { return c.chatFlags.check() }

// idle implements idler.
func (c *tokenizeCmd) idle(given flagSet) []string {
	switch {
	case c.Stdio:
		return append(given.without("with --stdio: requests and replies have one form", "json", "no-special"),
			given.without("with --stdio: each request says it", chatFlagNames...)...)
	case c.Chat != "":
		return given.without("with --chat: the template writes the special tokens", "no-special")
	}
	return given.without("without --chat: there is no conversation", chatFlagNames...)
}

// tokenized is what --json prints for a text.
//
// Offsets are in bytes of the text, from and to.
type tokenized struct {
	Text    string   `json:"text"`
	IDs     []int    `json:"ids"`
	Pieces  []string `json:"pieces"`
	Offsets [][2]int `json:"offsets"`
}

// Run is called by kong.
func (c *tokenizeCmd) Run(ctx context.Context, io *streams) error {
	if c.Stdio {
		return c.serve(ctx, io)
	}
	// One turns ids into text and the other text into ids.
	if c.Decode && c.Chat != "" {
		return usagef("--decode and --chat exclude each other")
	}
	tok, err := c.load(ctx, io)
	if err != nil {
		return err
	}
	switch {
	case c.Chat != "":
		if c.Text != nil {
			return usagef("--chat takes the text from its file")
		}
		return c.chat(ctx, tok, io)
	case c.Decode:
		return c.decode(ctx, tok, io)
	}
	text, err := c.input(ctx, io)
	if err != nil {
		return err
	}
	return c.print(ctx, tok, text, !c.NoSpecial, io.out)
}

// serve answers the requests on standard input, with the tokenizer where one is
// named.
func (c *tokenizeCmd) serve(ctx context.Context, s *streams) error {
	if c.Text != nil || c.Decode || c.Chat != "" {
		return usagef("--stdio takes everything from standard input")
	}
	var tok *tokenizer.Tokenizer
	if c.Tokenizer != "" {
		var err error
		if tok, err = c.load(ctx, s); err != nil {
			return err
		}
	}
	return serveTokens(ctx, tok, s)
}

// load loads the tokenizer that is asked for.
func (c *tokenizeCmd) load(ctx context.Context, s *streams) (*tokenizer.Tokenizer, error) {
	if c.Tokenizer == "" {
		return tokenizer.LoadFS(storyteller.FS(), ".")
	}
	dir, err := c.finder(s, false).askedTokenizer(ctx, c.Tokenizer)
	if err != nil {
		return nil, err
	}
	return c.loadFolder(dir)
}

// input returns the argument or what is on standard input.
func (c *tokenizeCmd) input(ctx context.Context, s *streams) (string, error) {
	if c.Text != nil && *c.Text != "-" {
		return *c.Text, nil
	}
	data, err := readInput(ctx, s)
	return string(data), err
}

// print prints the tokens of a text.
func (c *tokenizeCmd) print(ctx context.Context, tok *tokenizer.Tokenizer, text string, special bool, out io.Writer) error {
	e, err := tok.EncodeWithOffsetsContext(ctx, text, special)
	if err != nil {
		return err
	}
	return c.printEncoding(text, e, out)
}

// printEncoding prints tokens with their places in the text.
func (c *tokenizeCmd) printEncoding(text string, e *tokenizer.Encoding, out io.Writer) error {
	if c.JSON {
		return printJSON(out, tokenized{Text: text, IDs: orEmpty(e.IDs), Pieces: orEmpty(e.Tokens), Offsets: pairs(e.Offsets)})
	}
	// Pieces are quoted, since many begin with a space.
	list := table{right: map[int]bool{0: true}}
	for i, id := range e.IDs {
		place := fmt.Sprintf("%d-%d", e.Offsets[i].Start, e.Offsets[i].End)
		list.row(strconv.Itoa(id), place, strconv.QuoteToGraphic(e.Tokens[i]))
	}
	_, err := io.WriteString(out, list.String())
	return err
}

// decode prints the text of ids.
func (c *tokenizeCmd) decode(ctx context.Context, tok *tokenizer.Tokenizer, s *streams) error {
	text, err := c.input(ctx, s)
	if err != nil {
		return err
	}
	var ids []int
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n[]", r) }) {
		id, err := strconv.Atoi(field)
		if err != nil {
			return usagef("%q is no token id: --decode takes whole numbers with spaces or commas between them", field)
		}
		// Decoding would leave it out, and a person has most likely mistyped it.
		if _, ok := tok.IDToToken(id); !ok {
			return fmt.Errorf("token id %d is not in the vocabulary of %d tokens", id, tok.VocabSize())
		}
		ids = append(ids, id)
	}
	out, err := tok.DecodeContext(ctx, ids, c.NoSpecial)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, map[string]any{"ids": orEmpty(ids), "text": out})
	}
	_, err = fmt.Fprintln(s.text(), out)
	return err
}

// chat prints the tokens of a conversation.
func (c *tokenizeCmd) chat(ctx context.Context, tok *tokenizer.Tokenizer, s *streams) error {
	var data []byte
	var err error
	// A conversation is often made by another program.
	if c.Chat == "-" {
		data, err = readInput(ctx, s)
	} else {
		data, err = storage.ReadSmall(os.DirFS(filepath.Dir(c.Chat)), filepath.Base(c.Chat), maxPrompt)
		err = silentPath(err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Chat, err)
	}
	file, err := readChat(data)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Chat, explainJSON(err, data))
	}
	if err := c.chatFlags.apply(tok, &file.options); err != nil {
		return err
	}
	text, e, err := file.encode(ctx, tok)
	if err != nil {
		return err
	}
	return c.printEncoding(text, e, s.out)
}
