// Package bytelevel is the alphabet in which GPT-2 and its followers write bytes as
// printable characters, and the way back from bytes to text.
package bytelevel
