package generate

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer"
)

var (
	// ErrContextFull means that the tokens do not fit into the model's context.
	// The error is a [*ContextError]. A stream whose prompt fits but whose answer
	// runs into the end of the context ends with [FinishContext] instead.
	ErrContextFull = errors.New("context is full")
	// ErrNonFinite means that the model's logits hold a NaN or +Inf, or leave no
	// token that could follow. The error's text names the step.
	ErrNonFinite = errors.New("logits are not finite")
	// ErrNoChatTemplate means that messages were given to a tokenizer without a
	// chat template. It is the error of the same name in package tokenizer.
	ErrNoChatTemplate = tokenizer.ErrNoChatTemplate
	// ErrNoTools means that tools were given to a chat template that takes none: the
	// model would never call one. It is the error of the same name in package
	// tokenizer.
	ErrNoTools = tokenizer.ErrNoTools
	// ErrNoTokenizer means that there is no tokenizer where one was looked for.
	ErrNoTokenizer = errors.New("no tokenizer found")
	// ErrDriver means that the package's inputs and outputs are not understood,
	// or that a driver file does not fit the package. The error's text says what
	// to bind; where one part is to blame it is a [*DriverError].
	ErrDriver = errors.New("package is not understood")
	// ErrConfig means that a value is out of range, in a [Config], an [Options], a
	// [Sampling], an argument, or a file that stands for one of them. The error
	// is a [*ConfigError], a [*TokenError], a [*FunctionError] or a [*VocabularyError].
	ErrConfig = errors.New("invalid configuration")
	// ErrIncomplete means that an answer ended before it was whole by its grammar
	// ([Options.Grammar]): at its limit of tokens, at the end of the context, or at a
	// stop string. Its tokens were yielded before.
	ErrIncomplete = errors.New("the answer is not whole by its grammar")
	// ErrGrammar means that an answer cannot go on by its grammar with the tokens of
	// the model: its tokenizer cannot write what the grammar asks for.
	ErrGrammar = errors.New("no token fits the grammar")
	// ErrClosed means that the generator, session or sequence was closed.
	ErrClosed = errors.New("closed")
	// ErrFinished means that there is no unfinished answer to go on with.
	ErrFinished = errors.New("there is no unfinished answer")
	// ErrBusy means that a [Session] or a [Sequence] is in use: by another
	// goroutine, or by the loop or the callback in which the call was made.
	ErrBusy = errors.New("in use by another call")
	// ErrQueueFull means that as many callers wait for a state as [Config.MaxQueue]
	// allows, and the error is a [*QueueError]; or that many wait for those in use to leave
	// room for a new grammar of a required call.
	ErrQueueFull = errors.New("too many callers wait")
)

// prefixed adds the package's name to an error that leaves the package, nil for
// nil. The exported functions and methods do so, each at its end; within the
// package errors carry no prefix.
func prefixed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("generate: %w", err)
}

// ConfigError is an [ErrConfig] about one value.
type ConfigError struct {
	// Field is the value's place: a field of Config, Options or Defaults, such as
	// "Sampling.TopP" or "MaxTokens", a key of a file, such as "top_k", or the
	// name of an argument.
	Field string
	// Reason says what the value is and what is wanted, without the field.
	Reason string
	// Err is the cause, nil where there is none.
	Err error
}

// configErrorf returns the error of one value.
func configErrorf(field, reason string, args ...any) error {
	return &ConfigError{Field: field, Reason: fmt.Sprintf(reason, args...)}
}

// Error returns the field with the reason.
func (e *ConfigError) Error() string { return e.Field + ": " + e.Reason }

// Unwrap returns ErrConfig and the cause.
func (e *ConfigError) Unwrap() []error { return causes(ErrConfig, e.Err) }

// FunctionError is an [ErrConfig] and a coreml.ErrUnknownFunction: the package has no
// function of the name that [Options.Function] gives.
type FunctionError struct {
	// Function is the name.
	Function string
	// Functions are the names that there are, in order.
	Functions []string
}

// Error names the functions that there are.
func (e *FunctionError) Error() string {
	var names []string
	for _, name := range e.Functions {
		names = append(names, storage.Quote(name))
	}
	return fmt.Sprintf("Function: the package has no function %s; it has %s", storage.Quote(e.Function), strings.Join(names, ", "))
}

// Unwrap returns ErrConfig and coreml.ErrUnknownFunction.
func (e *FunctionError) Unwrap() []error { return causes(ErrConfig, coreml.ErrUnknownFunction) }

// QueueError is an [ErrQueueFull] with its numbers.
type QueueError struct {
	// Waiting is the number of callers that wait for a state, and MaxQueue what
	// [Config.MaxQueue] allows.
	Waiting, MaxQueue int
}

// Error gives the numbers.
func (e *QueueError) Error() string {
	return fmt.Sprintf("%d callers wait for a state already, and MaxQueue is %d: try again later", e.Waiting, e.MaxQueue)
}

// Unwrap returns ErrQueueFull.
func (e *QueueError) Unwrap() error { return ErrQueueFull }

// DriverError is an [ErrDriver]: the reason for which a function writes no text,
// or the field of a driver that contradicts it.
type DriverError struct {
	// Field is the path in the driver, such as "context" or "caches.keyCache". It
	// is empty where no driver is to blame.
	Field string
	// Reason says what is wrong, without the field.
	Reason string
	// Err is the cause, nil where there is none.
	Err error

	final bool // no other way to drive the package helps
}

// Error returns the reason, behind the field where there is one.
func (e *DriverError) Error() string {
	if e.Field != "" {
		return "driver: " + e.Field + ": " + e.Reason
	}
	return "no text generation: " + e.Reason
}

// Unwrap returns ErrDriver and the cause.
func (e *DriverError) Unwrap() []error { return causes(ErrDriver, e.Err) }

// driverErrorf returns the error of one field of a driver.
func driverErrorf(field, reason string, args ...any) error {
	return &DriverError{Field: field, Reason: fmt.Sprintf(reason, args...)}
}

// causes lists what an error wraps.
func causes(kind, cause error) []error {
	if cause == nil {
		return []error{kind}
	}
	return []error{kind, cause}
}

// ContextError is an [ErrContextFull] with its numbers.
type ContextError struct {
	// Tokens is the number of tokens that were to be added and Before that of
	// those that are there already.
	Tokens, Before int
	// ContextLength is the greatest number of tokens that the model takes.
	ContextLength int
}

// Error returns the numbers.
func (e *ContextError) Error() string {
	if e.Before == 0 {
		return fmt.Sprintf("the prompt has %s, the model takes %d", count(e.Tokens), e.ContextLength)
	}
	return fmt.Sprintf("%v: %s and %d more, the model takes %d", ErrContextFull, count(e.Before), e.Tokens, e.ContextLength)
}

// Unwrap returns ErrContextFull.
func (e *ContextError) Unwrap() error { return ErrContextFull }

// count writes a number of tokens with its noun.
func count(tokens int) string {
	if tokens == 1 {
		return "1 token"
	}
	return fmt.Sprintf("%d tokens", tokens)
}

// TokenError is an [ErrConfig] about an id that is no token of the model.
type TokenError struct {
	// ID is the id.
	ID int
	// Where says where it came from, such as "the prompt".
	Where string
	// Vocabulary is the number of the model's logits, 0 when it is not known yet.
	Vocabulary int
	// Reason, when not empty, takes the place of the range of ids.
	Reason string
}

// Error names the id and the ids that there are.
func (e *TokenError) Error() string {
	switch {
	case e.Reason != "":
		return fmt.Sprintf("%s: token id %d: %s", e.Where, e.ID, e.Reason)
	case e.Vocabulary == 0:
		return fmt.Sprintf("%s: token id %d is not in the range of ids, 0 to 2147483647", e.Where, e.ID)
	}
	return fmt.Sprintf("%s: token id %d is not in the model's vocabulary, 0 to %d", e.Where, e.ID, e.Vocabulary-1)
}

// Unwrap returns ErrConfig.
func (e *TokenError) Unwrap() error { return ErrConfig }

// checkIDs refuses ids that are no tokens of a model with width logits, or of any
// model where that number is 0, which means that it is not known.
func checkIDs(ids []int, width int, where string) error {
	for _, id := range ids {
		if id < 0 || id > math.MaxInt32 || width > 0 && id >= width {
			return &TokenError{ID: id, Where: where, Vocabulary: width}
		}
	}
	return nil
}

// VocabularyError is an [ErrConfig]: the tokenizer is another model's.
type VocabularyError struct {
	// Tokenizer is the number of entries of the tokenizer's vocabulary and Logits
	// that of the model's logits, 0 when it is not known yet.
	Tokenizer, Logits int
	// Own is the number of entries without added tokens where the model lacks some
	// of these, else 0.
	Own int
	// Declared is the vocab_size that the package's metadata or config.json beside it
	// gives, where the tokenizer does not fit that; else 0.
	Declared int
}

// Error names the numbers and says what to do.
func (e *VocabularyError) Error() string {
	entries, model := fmt.Sprintf("the vocabulary has %d entries", e.Tokenizer), fmt.Sprintf("the model's logits %d", e.Logits)
	if e.Own > 0 && e.Own != e.Tokenizer {
		entries = fmt.Sprintf("the vocabulary has %d entries without added tokens", e.Own)
	}
	if e.Declared > 0 {
		model = fmt.Sprintf("the model's %d (vocab_size)", e.Declared)
	}
	return fmt.Sprintf("the tokenizer is another model's: %s, %s; use the tokenizer that the model was trained with", entries, model)
}

// Unwrap returns ErrConfig.
func (e *VocabularyError) Unwrap() error { return ErrConfig }
