# What the interface says, in German. Ids are named after the place where they stand; `js-` ones are for the scripts.

## The head of the page

pages = Seiten
view-chat = Fragen
view-shelf = Artikel
view-map = Karte
view-timeline = Zeitleiste
tool-new = Neue Unterhaltung
tool-kept = Unterhaltungen
tool-settings = Einstellungen
articles = Artikel
articles-count = { $count } Artikel
every-sentence = , jeder Satz mit seiner Quelle

## The conversation

welcome = Was möchten Sie wissen?
welcome-lead = Die Antwort wird allein aus den Artikeln der Sammlung verfasst, und jeder Satz wird mit der Stelle abgeglichen, die er als Quelle nennt. Steht in den Artikeln nichts dazu, so wird Ihnen das gesagt.
examples = Beispielfragen
your-question = Ihre Frage
ask-the-articles = Frage an die Artikel stellen
ask-in-theirs = Frage an die Artikel stellen, in deren Sprache
ask = Fragen
stop = Stopp
enter-asks = Enter sendet die Frage, Umschalt+Enter beginnt eine neue Zeile.
searched = Gesucht wurde:
found = { $passages ->
    [one] { $passages } Textstelle gefunden
   *[other] { $passages } Textstellen gefunden
}
found-none = Keine Textstelle gefunden.
draft = Entwurf, wird geprüft
stopped = angehalten
declined = In den Artikeln dieser Sammlung steht dazu nichts.
nearest = Nächstliegende Textstellen
search-differently = Anders suchen
sources-differ = Die Quellen stimmen darin nicht überein.
calendars-differ = Die Quellen nennen verschiedene Monate; zum Teil mag das daran liegen, dass sie zwei Kalender verwenden.
cite = Quelle { $mark }: { $title }
source-moved = Diese Quelle ist nicht mehr so in der Sammlung, wie sie zitiert wurde.
support-quoted = im Wortlaut der Quelle
support-supported = mit der Quelle abgeglichen
support-repaired = durch den Satz der Quelle ersetzt
sure-almost-surely = Die Artikel beantworten dies so gut wie sicher
sure-very-probably = Die Artikel beantworten dies sehr wahrscheinlich
sure-probably = Die Artikel beantworten dies wahrscheinlich
sure-perhaps = Die Artikel beantworten dies vielleicht
seconds = { $seconds } s
written-by = Verfasst von { $model }
error-unexpected = Etwas ist schiefgegangen; mehr dazu steht im Terminal.
error-full = Es warten gerade zu viele Fragen; stellen Sie sie in einer Minute noch einmal.
error-closing = Der Server wird gerade beendet; stellen Sie die Frage in einer Minute noch einmal.

## What is happening

status-waiting = Wartet, bis die Frage an der Reihe ist
status-queued = { $ahead ->
    [one] In der Warteschlange: { $ahead } Person ist vor Ihnen
   *[other] In der Warteschlange: { $ahead } Personen sind vor Ihnen
}
status-searching = Die Artikel werden durchsucht
status-reading = { $sentences ->
    [one] { $sentences } Satz wird gelesen
   *[other] { $sentences } Sätze werden gelesen
}
status-writing = Die Antwort wird geschrieben
status-checking = Abgleich mit der Quelle
status-stopped = Angehalten.
status-done = Antwort fertig: { $sentences ->
    [one] { $sentences } Satz
   *[other] { $sentences } Sätze
}, { $sources ->
    [one] { $sources } Quelle
   *[other] { $sources } Quellen
}.
status-declined = Die Artikel beantworten dies nicht.

## What can be done with an answer

this-answer = Diese Antwort
act-retry = Erneut fragen
act-edit = Frage bearbeiten
act-continue = Fortsetzen
act-link = Link kopieren
act-copy = Antwort kopieren
act-more = Mehr Textstellen lesen
act-passages = Textstellen durchsehen
act-up = Gute Antwort
act-down = Schlechte Antwort
word-label = Kurz gesagt: warum? (Angabe freiwillig)
word-send = Senden
word-kept = Vielen Dank. Ihre Rückmeldung bleibt auf diesem Computer.

## Sources

sources = Quellen
source = Quelle
on-the-shelf = In der Sammlung
pane-lead = Wählen Sie in einer Antwort eine Nummer: Der Artikel öffnet sich hier, genau bei den Worten, auf denen die Antwort beruht.
close-sources = Quellen schließen
all-articles = Alle Artikel
and-more = { $count ->
    [one] und { $count } weiterer, den Antworten zitieren können
   *[other] und { $count } weitere, die Antworten zitieren können
}
read-whole = Ganz lesen
original = Original
on-page = S. { $page }
on-pages = S. { $first }–{ $last }
also-at = Auch bei
more-copies = und noch { $count }
no-article = Dieser Artikel ist nicht in der Sammlung.
no-place = Diese Stelle gibt es in dem Artikel nicht.
copy-citation = Quellenangabe kopieren
copy-plain = Text
quote-of = Zitat { $number } von { $count }
quote-before = Vorheriges Zitat
quote-after = Nächstes Zitat

## Articles

find-passages = Textstellen finden, ohne Frage
find = Suchen
length = { $words ->
    [one] { $words } Wort
   *[other] { $words } Wörter
}, { $minutes ->
    [one] { $minutes } Minute
   *[other] { $minutes } Minuten
}
covers = Wovon der Artikel handelt
contents = Inhalt
search-within = Im Artikel suchen
match-before = Vorheriger Treffer
match-after = Nächster Treffer
remove = Entfernen
remove-article = { $title } entfernen
own-articles = Ihre eigenen Artikel
own-lead = Ziehen Sie Artikel oder einen Ordner mit Artikeln hierher: Markdown, Text, HTML, PDF, Word, OpenDocument, EPUB, RTF, E-Mail, CSV, JSON Lines, ZIP und mehr. Sie bleiben auf diesem Computer, und gleich darauf können Sie danach fragen. Hält eine Datei mehrere Artikel, wird mit einem die ganze Datei entfernt.
own-files = Dateien wählen
own-folder = Ordner wählen
own-lost = Die hochgeladene Datei ist verloren gegangen; ziehen Sie sie noch einmal hierher.

## Settings

set-language = Sprache der Oberfläche
language-browser = Wie im Browser
set-length = Länge der Antworten
length-short = Kurz: ein Satz
length-normal = Normal: bis zu drei Sätze
length-long = Lang: bis zu sechs Sätze
set-passages = Textstellen, die für eine Antwort gelesen werden
set-passages-why = Bei mehr Textstellen wird mehr gefunden, und es dauert länger.
settings-kept = Wird nur in diesem Browser gespeichert.
save = Speichern
cancel = Abbrechen

## For the scripts

js-ask = { ask }
js-edit-question = { act-edit }
js-settings = { tool-settings }
js-view-map = { view-map }
js-view-timeline = { view-timeline }
js-conversations = { tool-kept }
js-save = { save }
js-cancel = { cancel }
js-copied = Kopiert
js-link-copied = Link kopiert
js-not-copied = Kopieren nicht möglich
js-search-conversations = Unterhaltungen durchsuchen
js-no-conversations = Noch ist nichts gespeichert. Unterhaltungen werden nur in diesem Browser gespeichert.
js-none-match = Keine Unterhaltung passt dazu.
js-rename = Umbenennen
js-new-name = Neuer Name
js-delete = Löschen
js-delete-sure = Endgültig löschen?
js-deleted = Gelöscht
js-export-markdown = Als Markdown speichern
js-export-json = Als JSON speichern
js-questions = Fragen
js-close = Schließen
js-not-kept = Dieser Browser speichert nichts: Sein Speicher ist voll oder gesperrt.
js-cannot-open = Die Quelle ließ sich nicht öffnen. Läuft das Programm noch?
js-unreachable = Das Programm antwortet nicht. Läuft es noch?
js-matches = { "{n}" } von { "{count}" }
js-no-match = nicht gefunden
js-map = Karte der Textstellen: Inhaltlich ähnliche liegen beieinander
js-map-lead = Jeder Punkt ist eine Textstelle; inhaltlich ähnliche liegen beieinander. Wählen Sie eine, um sie zu lesen.
js-map-question = Der Stern ist Ihre letzte Frage; Ringe zeigen, was dazu gefunden wurde.
js-timeline = Datierte Sätze der Artikel auf einer Zeitachse
js-timeline-lead = Was die Artikel datieren: Volle Punkte sind Tage, Ringe sind Monate, Balken sind Jahre. Wählen Sie etwas aus, um es an seiner Stelle zu lesen.
js-loading = Wird geladen
js-uploading = wird hochgeladen
js-taken = geprüft
js-indexing = wird indexiert
js-so-far = { "{n}" } Sätze bisher indexiert
js-ready = bereit für Fragen
js-ready-many = bereit für Fragen: { "{n}" } Artikel
js-left-out = { "{n}" } ausgelassen, davon zuerst:
js-removed = Entfernt
js-not-an-article = hat kein Format, das gelesen wird
js-too-large = ist größer als { "{n}" } MB; teilen Sie die Datei.
export-failed = Diese Unterhaltung lässt sich nicht exportieren: Sie ist beschädigt.

## The exported document

document-failed = Diese Frage konnte nicht beantwortet werden: { $error }
document-rated-up = Sie haben dies eine gute Antwort genannt.
document-rated-down = Sie haben dies eine schlechte Antwort genannt.
document-sentences = { $count ->
    [one] Satz { $numbers }
   *[other] Sätze { $numbers }
}
document-place = { $path }, Zeichen { $start } bis { $end }

## Map and timeline

map-question = Ihre Frage
map-retrieved = Zu Ihrer Frage gefunden
map-cited = In der Antwort zitiert
map-rank = Textstelle { $rank }
map-others = { $count ->
    [one] { $count } weiterer Artikel
   *[other] { $count } weitere Artikel
}
timeline-month = { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
} { $year }
timeline-year-count = { $year }: { $count ->
    [one] { $count } Satz
   *[other] { $count } Sätze
}
timeline-either = { $new } nach dem neuen Kalender, falls dies nach dem alten gilt; { $old } nach dem alten, falls dies nach dem neuen gilt
timeline-supposed = das Jahr ist angenommen
timeline-others = Weitere Artikel
timeline-empty = Kein Satz dieser Sammlung nennt ein Datum.
js-zoom = Zoomen
js-pan = Verschieben
js-zoom-in = Vergrößern
js-zoom-out = Verkleinern
js-reset-axes = Alles zeigen

## The password

password-wanted = Dieser Chat verlangt ein Passwort
password = Passwort
password-enter = Chat öffnen
password-wrong = Das ist nicht das Passwort. Fragen Sie, wer diesen Chat betreut.
password-too-often = Von dieser Adresse kamen zu viele falsche Passwörter. Versuchen Sie es in { $seconds } s erneut.
