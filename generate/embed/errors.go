package embed

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/storage"
)

var (
	// ErrPackage means that the package gives no vectors, or no scores where scores
	// were asked for, or that a [Driver] does not fit it. The error is a
	// [*PackageError].
	ErrPackage = errors.New("package is not understood")
	// ErrConfig means that a value is out of range, in a [Config], an [Options] or a
	// file that stands for one of them. The error is a [*ConfigError].
	ErrConfig = errors.New("invalid configuration")
	// ErrNoTokenizer means that there is no tokenizer where one was looked for.
	ErrNoTokenizer = errors.New("no tokenizer found")
	// ErrTooLong means that a text has more tokens than the model takes, where
	// [Options.RefuseLong] asks to be told. The error is a [*LengthError].
	ErrTooLong = errors.New("text is too long")
	// ErrNoTokens means that a text has no token at all, not even a special one, so
	// that it has no vector. The error is a [*LengthError].
	ErrNoTokens = errors.New("text has no tokens")
	// ErrNonFinite means that the model gave a NaN or an infinity. The error's text
	// names the text.
	ErrNonFinite = errors.New("result is not finite")
)

// prefixed adds the package's name to an error that leaves the package, and what was
// being done where that is not plain; nil for nil.
func prefixed(doing string, err error) error {
	if err == nil {
		return nil
	}
	if doing != "" {
		err = fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("embed: %w", err)
}

// PackageError is an [ErrPackage]: the reason for which a function gives no
// vectors or scores, or the field of a driver that contradicts it.
type PackageError struct {
	// Field is the field of a [Driver], such as "tokens". It is empty where no driver
	// is to blame.
	Field string
	// Scores is true where scores were asked for.
	Scores bool
	// Reason says what is wrong, without the field.
	Reason string
	// Err is the cause, nil where there is none.
	Err error
}

// Error returns the reason, behind what it is a reason for.
func (e *PackageError) Error() string {
	switch {
	case e.Field != "":
		return "driver: " + e.Field + ": " + e.Reason
	case e.Scores:
		return "no scores: " + e.Reason
	}
	return "no embeddings: " + e.Reason
}

// Unwrap returns ErrPackage and the cause.
func (e *PackageError) Unwrap() []error { return causes(ErrPackage, e.Err) }

// noEmbeddings returns the error of a package that gives no vectors.
func noEmbeddings(reason string, args ...any) error {
	return &PackageError{Reason: fmt.Sprintf(reason, args...)}
}

// driverErrorf returns the error of one field of a driver.
func driverErrorf(field, reason string, args ...any) error {
	return &PackageError{Field: field, Reason: fmt.Sprintf(reason, args...)}
}

// ConfigError is an [ErrConfig] about one value.
type ConfigError struct {
	// Field is the value's place: a field of Config or Options, such as "Pooling", or
	// a file.
	Field string
	// Reason says what the value is and what is wanted, without the field.
	Reason string
	// Err is the cause, nil where there is none.
	Err error
}

// Error returns the field with the reason.
func (e *ConfigError) Error() string { return e.Field + ": " + e.Reason }

// Unwrap returns ErrConfig and the cause.
func (e *ConfigError) Unwrap() []error { return causes(ErrConfig, e.Err) }

// configErrorf returns the error of one value.
func configErrorf(field, reason string, args ...any) error {
	return &ConfigError{Field: field, Reason: fmt.Sprintf(reason, args...)}
}

// fileError returns the error of a file that cannot be used, whose name may come
// from another file.
func fileError(name string, err error) error {
	if err == nil {
		return nil
	}
	return &ConfigError{Field: storage.Quote(name), Reason: err.Error(), Err: err}
}

// LengthError is an [ErrTooLong] or an [ErrNoTokens] with its numbers.
type LengthError struct {
	// Text is the place of the text among those that were given, from 0.
	Text int
	// Tokens is the number of its tokens, special ones included, and MaxTokens the
	// most that the model takes.
	Tokens, MaxTokens int
}

// Error names the text and the numbers.
func (e *LengthError) Error() string {
	if e.Tokens == 0 {
		return fmt.Sprintf("text %d has no tokens", e.Text)
	}
	return fmt.Sprintf("text %d has %d tokens, the model takes %d", e.Text, e.Tokens, e.MaxTokens)
}

// Unwrap returns ErrTooLong or ErrNoTokens.
func (e *LengthError) Unwrap() error {
	if e.Tokens == 0 {
		return ErrNoTokens
	}
	return ErrTooLong
}

// causes lists what an error wraps.
func causes(kind, cause error) []error {
	if cause == nil {
		return []error{kind}
	}
	return []error{kind, cause}
}
