{{ performance('broadcast') }}
