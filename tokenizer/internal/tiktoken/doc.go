// Package tiktoken reads the vocabularies of OpenAI's tiktoken and of the models that
// took over its form: a line for each token, with its bytes in base64 and its rank. What
// such a file does not say, the pattern that cuts a text and the control tokens, is known
// here for the encodings that have a name.
package tiktoken
