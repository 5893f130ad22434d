// Package grammar says which texts a language model may write.
package grammar
