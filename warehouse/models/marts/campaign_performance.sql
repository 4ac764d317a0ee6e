{{ performance('campaign') }}
