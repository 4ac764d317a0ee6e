{{ performance('newsletter') }}
