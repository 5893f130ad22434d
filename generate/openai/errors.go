package openai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/internal/quote"
	"github.com/gocoreml/coreml/tokenizer"
)

// maxShown is how much of a text of a request an error repeats.
const maxShown = 80

// apiError is what a request is refused with. It knows no interface: a route writes it in
// the form of its own.
type apiError struct {
	status  int
	message string
	param   string // the field that is to blame, "" for none
	code    string // a word for programs, "" for none
	// retryAfter is in seconds, 0 for none.
	retryAfter int
	cause      error // for logs, nil for none
}

// Error returns the message.
func (e *apiError) Error() string { return e.message }

// Unwrap returns the cause.
func (e *apiError) Unwrap() error { return e.cause }

// badField refuses a field of the request.
func badField(param, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, param: param, message: param + ": " + fmt.Sprintf(format, args...)}
}

// unsupported refuses a field that cannot be honoured.
func unsupported(param, format string, args ...any) *apiError {
	e := badField(param, format, args...)
	e.code = "unsupported_parameter"
	return e
}

// shown returns a text of a request for an error.
func shown(s string) string { return quote.Name(s, maxShown) }

// The ends of a request that its context has as causes.
var (
	errTimeout    = errors.New("the request took longer than the server's limit")
	errShutdown   = errors.New("the server is shutting down")
	errSlowReader = errors.New("the reader took nothing for too long")
)

// packageName is what errors begin with that leave a package of the module.
var packageName = regexp.MustCompile(`^((generate|embed|grammar|tokenizer|coreml): )+`)

// errorOf returns what a request is told of an error.
func errorOf(err error) *apiError {
	var known *apiError
	if errors.As(err, &known) {
		return known
	}
	e := &apiError{status: http.StatusInternalServerError, message: quote.Text(packageName.ReplaceAllString(err.Error(), ""), 2000), cause: err}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		e.status, e.code = http.StatusRequestEntityTooLarge, "request_too_large"
		e.message = fmt.Sprintf("the request is larger than %d bytes", tooLarge.Limit)
	case errors.Is(err, errTimeout), errors.Is(err, context.DeadlineExceeded):
		e.status, e.code, e.message = http.StatusGatewayTimeout, "timeout", errTimeout.Error()
	case errors.Is(err, errShutdown), errors.Is(err, generate.ErrClosed):
		e.status, e.code, e.message = http.StatusServiceUnavailable, "shutting_down", errShutdown.Error()
	case errors.Is(err, context.Canceled), errors.Is(err, errSlowReader):
		e.status, e.code, e.message = statusClientClosed, "cancelled", "the request was cancelled"
	case errors.Is(err, generate.ErrQueueFull):
		e.status, e.code, e.retryAfter = http.StatusTooManyRequests, "queue_full", 1
	case errors.Is(err, generate.ErrBusy):
		e.status, e.code = http.StatusConflict, "session_busy"
	default:
		e.classify(err)
	}
	return e
}

// statusClientClosed is what logs call a request whose client has gone.
const statusClientClosed = 499

// classify finds the errors that are the request's fault.
func (e *apiError) classify(err error) {
	var config *generate.ConfigError
	var contextFull *generate.ContextError
	var token *generate.TokenError
	bad := func(param, code string) {
		e.status, e.param, e.code = http.StatusBadRequest, param, code
	}
	switch {
	case errors.As(err, &contextFull):
		bad("", "context_length_exceeded")
		e.message = contextFull.Error()
	case errors.Is(err, embed.ErrTooLong):
		bad("input", "context_length_exceeded")
	case errors.Is(err, generate.ErrContextFull):
		bad("", "context_length_exceeded")
	case errors.Is(err, coreml.ErrAdapter), errors.Is(err, coreml.ErrNoAdapters):
		// The server's files are at fault.
	case errors.As(err, &config):
		bad(paramOf(config.Field), "")
		e.message = e.param + ": " + quote.Text(config.Reason, 2000)
	case errors.As(err, &token):
		if bad("", ""); !strings.HasPrefix(token.Where, "the ") { // a setting, and not the prompt
			e.param = paramOf(token.Where)
		}
	case errors.Is(err, generate.ErrNoChatTemplate):
		bad("messages", "no_chat_template")
	case errors.Is(err, generate.ErrNoTools):
		bad("tools", "unsupported_parameter")
	case errors.Is(err, tokenizer.ErrNoVariable):
		bad("chat_template_kwargs", "")
	case isTemplateError(err), errors.Is(err, tokenizer.ErrNoMessages), errors.Is(err, tokenizer.ErrControlTokens):
		bad("messages", "")
	case errors.Is(err, generate.ErrConfig), errors.Is(err, embed.ErrConfig):
		bad("", "")
	case errors.Is(err, embed.ErrPackage):
		bad("model", "") // which gives scores, and no vectors
	case errors.Is(err, embed.ErrNoTokens):
		bad("input", "")
	case errors.Is(err, tokenizer.ErrLimit):
		bad("", "")
	case errors.Is(err, generate.ErrNonFinite), errors.Is(err, generate.ErrGrammar):
		return
	}
	if e.status == http.StatusInternalServerError {
		// What else there is may name files, which are nobody's business; the log has it.
		e.message = "the server failed to answer"
	}
}

// isTemplateError reports whether a chat template has refused the messages.
func isTemplateError(err error) bool {
	var t *tokenizer.TemplateError
	return errors.As(err, &t)
}

// paramOf returns the field of a request that a field of generate.Options was set by.
func paramOf(field string) string {
	if name, ok := optionParams[field]; ok {
		return name
	}
	field = strings.TrimPrefix(field, "Sampling.")
	if name, ok := optionParams[field]; ok {
		return name
	}
	var b strings.Builder
	for k, c := range field {
		switch {
		case c == '.':
			c = '_'
		case c >= 'A' && c <= 'Z':
			if k > 0 && field[k-1] >= 'a' && field[k-1] <= 'z' {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// optionParams are the fields that are called otherwise in requests.
var optionParams = map[string]string{
	"LogProbs": "logprobs", "EndTokens": "stop_token_ids", "Images": "messages", "Grammar": "response_format",
	"Chat.ContinueFinalMessage": "continue_final_message", "TopNSigma": "top_n_sigma", "NoRepeatNgram": "no_repeat_ngram",
	"MinTokens": "min_length", "MinNewTokens": "min_tokens", "Guidance": "guidance_scale",
}

// openAI returns the error as OpenAI's interface writes it.
func (e *apiError) openAI() any {
	body := errorBody{Message: e.message, Type: kindOf(e.status)}
	if e.param != "" {
		body.Param = &e.param
	}
	if e.code != "" {
		body.Code = &e.code
	}
	return errorReply{body}
}

// errorReply is an error of OpenAI's interface.
type errorReply struct {
	Error errorBody `json:"error"`
}

type errorBody struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

// kindOf returns OpenAI's type of an error with a status.
func kindOf(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "authentication_error"
	case status == http.StatusForbidden:
		return "permission_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status == http.StatusServiceUnavailable:
		return "unavailable_error"
	case status == http.StatusGatewayTimeout:
		return "timeout_error"
	case status < http.StatusInternalServerError:
		return "invalid_request_error"
	}
	return "server_error"
}
