# What the interface says, in English. Ids are named after the place where they stand; `js-` ones are for the scripts.

## The head of the page

pages = Pages
view-chat = Ask
view-shelf = Articles
view-map = Map
view-timeline = Timeline
tool-new = New conversation
tool-kept = Conversations
tool-settings = Settings
articles = Articles
articles-count = { $count ->
    [one] { $count } article
   *[other] { $count } articles
}
every-sentence = , every sentence with its source

## The conversation

welcome = What would you like to know?
welcome-lead = The answer is written from the articles on the shelf alone, and each sentence is checked against the place it cites. If the articles do not say, you will be told so.
examples = Example questions
your-question = Your question
ask-the-articles = Ask the articles a question
ask-in-theirs = Ask the articles a question, in their language
ask = Ask
stop = Stop
enter-asks = Enter asks, Shift+Enter begins a new line.
searched = Searched for:
found = { $passages ->
    [one] Found { $passages } passage
   *[other] Found { $passages } passages
}
found-none = No passage was found.
draft = draft, being checked
stopped = stopped
declined = The articles on this shelf do not say.
nearest = Nearest passages
search-differently = Search differently
sources-differ = The sources do not agree on this.
calendars-differ = The sources name different months; part of the difference may be that they use two calendars.
cite = Source { $mark }: { $title }
source-moved = This source is no longer on the shelf as it was cited.
support-quoted = in the source’s own words
support-supported = checked against its source
support-repaired = put back to the source’s own sentence
sure-almost-surely = The articles almost surely answer this
sure-very-probably = The articles very probably answer this
sure-probably = The articles probably answer this
sure-perhaps = The articles perhaps answer this
seconds = { $seconds } s
written-by = Written by { $model }
error-unexpected = Something went wrong; the terminal says more.
error-full = Too many questions are waiting; ask again in a minute.
error-closing = The server is about to end; ask again in a minute.

## What is happening

status-waiting = Waiting for its turn
status-queued = { $ahead ->
    [one] Waiting: { $ahead } reader comes first
   *[other] Waiting: { $ahead } readers come first
}
status-searching = Searching the articles
status-reading = { $sentences ->
    [one] Reading { $sentences } sentence
   *[other] Reading { $sentences } sentences
}
status-writing = Writing
status-checking = Checking against the source
status-stopped = Stopped.
status-done = Answer ready: { $sentences ->
    [one] { $sentences } sentence
   *[other] { $sentences } sentences
}, { $sources ->
    [one] { $sources } source
   *[other] { $sources } sources
}.
status-declined = The articles do not answer this.

## What can be done with an answer

this-answer = This answer
act-retry = Ask again
act-edit = Edit the question
act-continue = Continue
act-link = Copy link
act-copy = Copy answer
act-more = Read more passages
act-passages = Look through passages
act-up = Good answer
act-down = Bad answer
word-label = In a word, why? (You need not say.)
word-send = Send
word-kept = Thank you. It is kept on this computer.

## Sources

sources = Sources
source = Source
on-the-shelf = On the shelf
pane-lead = Choose a number in an answer: the article opens here, at the very words it rests on.
close-sources = Close the sources
all-articles = All articles
and-more = and { $count } more, which answers can cite
read-whole = Read whole
original = Original
on-page = p. { $page }
on-pages = pp. { $first }–{ $last }
also-at = Also at
more-copies = and { $count } more
no-article = That article is not on this shelf.
no-place = That place is not in the article.
copy-citation = Copy citation
copy-plain = Text
quote-of = Quote { $number } of { $count }
quote-before = The quote before
quote-after = The next quote

## Articles

find-passages = Find passages, without a question
find = Find
length = { $words ->
    [one] { $words } word
   *[other] { $words } words
}, { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}
covers = What it covers
contents = Contents
search-within = Search within the article
match-before = The match before
match-after = The next match
remove = Remove
remove-article = Remove { $title }
own-articles = Your own articles
own-lead = Drop articles here, or a folder of them: Markdown, text, HTML, PDF, Word, OpenDocument, EPUB, RTF, e-mail, CSV, JSON Lines, ZIP and more. They stay on this computer, and can be asked about a moment later. Removing one of several in a file removes the whole file.
own-files = Choose files
own-folder = Choose a folder
own-lost = The upload was lost; drop the file again.

## Settings

set-language = Language of the interface
language-browser = As the browser says
set-length = Length of answers
length-short = Short: a sentence
length-normal = Normal: up to three sentences
length-long = Long: up to six sentences
set-passages = Passages that are read for an answer
set-passages-why = More find more and take longer.
settings-kept = Kept in this browser alone.
save = Save
cancel = Cancel

## For the scripts

js-ask = { ask }
js-edit-question = { act-edit }
js-settings = { tool-settings }
js-view-map = { view-map }
js-view-timeline = { view-timeline }
js-conversations = { tool-kept }
js-save = { save }
js-cancel = { cancel }
js-copied = Copied
js-link-copied = Link copied
js-not-copied = Could not be copied
js-search-conversations = Search conversations
js-no-conversations = Nothing is kept yet. Conversations are kept in this browser alone.
js-none-match = No conversation matches.
js-rename = Rename
js-new-name = New name
js-delete = Delete
js-delete-sure = Delete for good?
js-deleted = Deleted
js-export-markdown = Save as Markdown
js-export-json = Save as JSON
js-questions = Questions
js-close = Close
js-not-kept = This browser keeps nothing: its storage is full or closed.
js-cannot-open = The source could not be opened. Is the program still running?
js-unreachable = The program does not answer. Is it still running?
js-matches = { "{n}" } of { "{count}" }
js-no-match = not found
js-map = Map of the passages: those of like content stand together
js-map-lead = Each dot is a passage; those of like content stand together. Choose one to read it.
js-map-question = The star is your last question; rings mark what it found.
js-timeline = Dated sentences of the articles on a time axis
js-timeline-lead = What the articles date: filled points are days, rings are months, bars are years. Choose one to read it in its place.
js-loading = Loading
js-uploading = uploading
js-taken = checked
js-indexing = indexing
js-so-far = { "{n}" } sentences indexed so far
js-ready = ready to be asked about
js-ready-many = ready to be asked about: { "{n}" } articles
js-left-out = { "{n}" } left out, the first:
js-removed = Removed
js-not-an-article = is in no format that is read
js-too-large = is larger than { "{n}" } MB; split it.
export-failed = This conversation cannot be exported: it is damaged.

## The exported document

document-failed = This question could not be answered: { $error }
document-rated-up = You called this a good answer.
document-rated-down = You called this a bad answer.
document-sentences = { $count ->
    [one] sentence { $numbers }
   *[other] sentences { $numbers }
}
document-place = { $path }, characters { $start } to { $end }

## Map and timeline

map-question = Your question
map-retrieved = Found for your question
map-cited = Cited in the answer
map-rank = Passage { $rank }
map-others = { $count ->
    [one] { $count } other article
   *[other] { $count } other articles
}
timeline-month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }
timeline-year-count = { $year }: { $count ->
    [one] { $count } sentence
   *[other] { $count } sentences
}
timeline-either = { $new } by the new calendar, if this is by the old; { $old } by the old, if this is by the new
timeline-supposed = the year is supposed
timeline-others = Other articles
timeline-empty = No sentence on this shelf names a date.
js-zoom = Zoom
js-pan = Pan
js-zoom-in = Zoom in
js-zoom-out = Zoom out
js-reset-axes = Show all

## The password

password-wanted = This chat asks for a password
password = Password
password-enter = Open the chat
password-wrong = That is not the password. Ask whoever keeps this chat.
password-too-often = Too many wrong passwords came from this address. Try again in { $seconds } s.
