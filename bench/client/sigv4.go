package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"time"
)

const contentType = "application/x-amz-json-1.1"

// Key signs calls of ECR as the SDKs do, by AWS Signature Version 4.
type Key struct {
	ID     string
	Secret string
	Region string

	lock   sync.Mutex
	day    string
	signer []byte
}

// sign has the headers of a POST to `/` with this body.
func (k *Key) sign(host, operation string, body []byte, now time.Time) map[string]string {
	date := now.UTC().Format("20060102T150405Z")
	scope := date[:8] + "/" + k.Region + "/ecr/aws4_request"
	const names = "content-type;host;x-amz-date;x-amz-target"
	asked := strings.Join([]string{
		"POST", "/", "",
		"content-type:" + contentType, "host:" + host, "x-amz-date:" + date, "x-amz-target:" + operation, "",
		names, digest(body),
	}, "\n")
	text := "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + digest([]byte(asked))
	signature := hex.EncodeToString(code(k.keyOf(date[:8]), text))
	return map[string]string{
		"Content-Type": contentType,
		"X-Amz-Date":   date,
		"X-Amz-Target": operation,
		"Authorization": "AWS4-HMAC-SHA256 Credential=" + k.ID + "/" + scope +
			", SignedHeaders=" + names + ", Signature=" + signature,
	}
}

func (k *Key) keyOf(day string) []byte {
	k.lock.Lock()
	defer k.lock.Unlock()
	if k.day != day {
		signer := code([]byte("AWS4"+k.Secret), day)
		for _, part := range []string{k.Region, "ecr", "aws4_request"} {
			signer = code(signer, part)
		}
		k.day, k.signer = day, signer
	}
	return k.signer
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func code(key []byte, text string) []byte {
	made := hmac.New(sha256.New, key)
	made.Write([]byte(text))
	return made.Sum(nil)
}
