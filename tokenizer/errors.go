package tokenizer

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/quote"
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/chat"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
)

// ErrNoChatTemplate is returned by [Tokenizer.ApplyChatTemplate] where neither
// the tokenizer nor the options bring a chat template.
var ErrNoChatTemplate = errors.New("tokenizer: no chat template")

// ErrNoMessages is returned by [Tokenizer.ApplyChatTemplate] and [Tokenizer.EncodeChat]
// for a conversation without a message, as transformers refuses it since version 5.
var ErrNoMessages = errors.New("tokenizer: the conversation is empty, want a message or more")

// ErrNoTools is returned by [Tokenizer.ApplyChatTemplate] where tools are given to
// a template that does not know them: the model would never hear of them.
var ErrNoTools = errors.New("tokenizer: the chat template takes no tools")

// ErrNoVariable is returned by [Tokenizer.ApplyChatTemplate], asked to refuse
// variables that the template does not name, where one is given. The error's text
// names it.
var ErrNoVariable = errors.New("tokenizer: the chat template has no variable")

// ErrControlTokens is returned by [Tokenizer.EncodeChat], asked to sanitize control
// tokens, where it cannot: the template looks at the texts of the messages in a way
// that hides who wrote a token, or the vocabulary spells one in no other way.
var ErrControlTokens = errors.New("tokenizer: the control tokens in the messages cannot be made text")

// ErrTooLarge means that a text, or what a tokenizer makes of it, is larger than
// the bounds that the package documentation names. The bounds follow the size of
// the input, so that a malformed file cannot turn a short text into a long one.
var ErrTooLarge = budget.ErrTooLarge

// UnsupportedError says that a tokenizer asks for a component, or an option of
// one, that this package does not have. It is never skipped silently, because
// the ids would be wrong.
type UnsupportedError struct {
	// Component is the kind of component: "model", "normalizer",
	// "pre-tokenizer", "post-processor", "decoder", "pattern" or "option".
	Component string
	// Name is the name that the file gives.
	Name string
}

// Error returns a message that names the component.
func (e *UnsupportedError) Error() string {
	own := fault.Unsupported(*e)
	return own.Error()
}

// FormatError says that a tokenizer's file is malformed.
type FormatError struct {
	// File is the name of the file, relative to the tokenizer's directory.
	File string
	// Err is what is wrong with it.
	Err error
}

// Error returns a message that names the file. What it tells of the file is short
// and printable.
func (e *FormatError) Error() string {
	return fmt.Sprintf("tokenizer: %s: %s", quote.Text(e.File, maxMessage), quote.Text(fmt.Sprint(e.Err), maxMessage))
}

// maxMessage bounds a message about a file.
const maxMessage = 500

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// TemplateError is what a chat template fails with: a mistake in its text, an
// operation that its data does not allow, a limit, or a refusal that the
// template itself raises.
type TemplateError struct {
	// Kind is the name of the Python exception that the reference raises.
	Kind string
	// Msg says what is wrong.
	Msg string
	// Line and Column are the place in the template, counted from 1; 0 where it
	// is not known.
	Line, Column int
}

// Error returns the kind, the place and the message.
func (e *TemplateError) Error() string {
	err := chat.Error(*e)
	return err.Error()
}

// templateError gives an error of the template engine this package's type.
func templateError(err error) error {
	var e *chat.Error
	if errors.As(err, &e) {
		own := TemplateError(*e)
		return fmt.Errorf("tokenizer: %w", &own)
	}
	return fmt.Errorf("tokenizer: %w", err)
}
