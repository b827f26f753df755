# What the interface says, in French. Ids are named after the place where they stand; `js-` ones are for the scripts.

## The head of the page

pages = Pages
view-chat = Questions
view-shelf = Articles
view-map = Carte
view-timeline = Chronologie
tool-new = Nouvelle conversation
tool-kept = Conversations
tool-settings = Paramètres
articles = Articles
articles-count = { $count ->
    [one] { $count } article
   *[other] { $count } articles
}
every-sentence = , chaque phrase avec sa source

## The conversation

welcome = Que souhaitez-vous savoir ?
welcome-lead = La réponse est rédigée à partir des seuls articles de la collection, et chaque phrase est vérifiée d’après le passage qu’elle cite. Si les articles n’en disent rien, cela vous sera indiqué.
examples = Exemples de questions
your-question = Votre question
ask-the-articles = Posez une question aux articles
ask-in-theirs = Posez une question aux articles, dans leur langue
ask = Demander
stop = Arrêter
enter-asks = Entrée pour demander, Maj+Entrée pour aller à la ligne.
searched = Recherche effectuée :
found = { $passages ->
    [one] { $passages } passage trouvé
   *[other] { $passages } passages trouvés
}
found-none = Aucun passage trouvé.
draft = brouillon, en cours de vérification
stopped = interrompu
declined = Les articles de cette collection n’en disent rien.
nearest = Passages les plus proches
search-differently = Chercher autrement
sources-differ = Les sources ne s’accordent pas sur ce point.
calendars-differ = Les sources donnent des mois différents ; une partie de l’écart peut venir de ce qu’elles emploient deux calendriers.
cite = Source { $mark } : { $title }
source-moved = Cette source n’est plus dans la collection telle qu’elle a été citée.
support-quoted = dans les termes mêmes de la source
support-supported = vérifié d’après la source
support-repaired = remplacé par la phrase même de la source
sure-almost-surely = Les articles y répondent presque certainement
sure-very-probably = Les articles y répondent très probablement
sure-probably = Les articles y répondent probablement
sure-perhaps = Les articles y répondent peut-être
seconds = { $seconds } s
written-by = Rédigé par { $model }
error-unexpected = Une erreur s’est produite ; le terminal en dit plus.
error-full = Trop de questions sont en attente ; reposez la vôtre dans une minute.
error-closing = Le serveur va s’arrêter ; reposez votre question dans une minute.

## What is happening

status-waiting = En attente de son tour
status-queued = { $ahead ->
    [one] En attente : { $ahead } personne passe avant vous
   *[other] En attente : { $ahead } personnes passent avant vous
}
status-searching = Recherche dans les articles
status-reading = { $sentences ->
    [one] Lecture de { $sentences } phrase
   *[other] Lecture de { $sentences } phrases
}
status-writing = Rédaction de la réponse
status-checking = Vérification d’après la source
status-stopped = Interrompu.
status-done = Réponse prête : { $sentences ->
    [one] { $sentences } phrase
   *[other] { $sentences } phrases
}, { $sources ->
    [one] { $sources } source
   *[other] { $sources } sources
}.
status-declined = Les articles ne répondent pas à cette question.

## What can be done with an answer

this-answer = Cette réponse
act-retry = Redemander
act-edit = Modifier la question
act-continue = Continuer
act-link = Copier le lien
act-copy = Copier la réponse
act-more = Lire plus de passages
act-passages = Parcourir les passages
act-up = Bonne réponse
act-down = Mauvaise réponse
word-label = En un mot, pourquoi ? (Facultatif)
word-send = Envoyer
word-kept = Merci. Votre avis est conservé sur cet ordinateur.

## Sources

sources = Sources
source = Source
on-the-shelf = Dans la collection
pane-lead = Choisissez un numéro dans une réponse : l’article s’ouvre ici, aux mots mêmes sur lesquels elle repose.
close-sources = Fermer les sources
all-articles = Tous les articles
and-more = { $count ->
    [one] et { $count } autre, que les réponses peuvent citer
   *[other] et { $count } autres, que les réponses peuvent citer
}
read-whole = Lire en entier
original = Original
on-page = p. { $page }
on-pages = p. { $first }-{ $last }
also-at = Aussi dans
more-copies = et { $count } de plus
no-article = Cet article n’est pas dans la collection.
no-place = Ce passage n’est pas dans l’article.
copy-citation = Copier la référence
copy-plain = Texte
quote-of = Citation { $number } sur { $count }
quote-before = Citation précédente
quote-after = Citation suivante

## Articles

find-passages = Trouver des passages, sans question
find = Rechercher
length = { $words ->
    [one] { $words } mot
   *[other] { $words } mots
}, { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}
covers = Sujets traités
contents = Sommaire
search-within = Rechercher dans l’article
match-before = Résultat précédent
match-after = Résultat suivant
remove = Retirer
remove-article = Retirer { $title }
own-articles = Vos propres articles
own-lead = Déposez ici des articles, ou un dossier d’articles : Markdown, texte, HTML, PDF, Word, OpenDocument, EPUB, RTF, courriel, CSV, JSON Lines, ZIP et d’autres formats. Ils restent sur cet ordinateur, et vous pouvez les interroger un instant plus tard. Si un fichier en contient plusieurs, en retirer un retire le fichier entier.
own-files = Choisir des fichiers
own-folder = Choisir un dossier
own-lost = Le fichier envoyé a été perdu ; déposez-le de nouveau.

## Settings

set-language = Langue de l’interface
language-browser = Celle du navigateur
set-length = Longueur des réponses
length-short = Courte : une phrase
length-normal = Normale : jusqu’à trois phrases
length-long = Longue : jusqu’à six phrases
set-passages = Passages lus pour une réponse
set-passages-why = Avec plus de passages, on trouve davantage, mais il faut plus de temps.
settings-kept = Conservé dans ce navigateur seulement.
save = Enregistrer
cancel = Annuler

## For the scripts

js-ask = { ask }
js-edit-question = { act-edit }
js-settings = { tool-settings }
js-view-map = { view-map }
js-view-timeline = { view-timeline }
js-conversations = { tool-kept }
js-save = { save }
js-cancel = { cancel }
js-copied = Copié
js-link-copied = Lien copié
js-not-copied = Copie impossible
js-search-conversations = Rechercher dans les conversations
js-no-conversations = Rien n’est encore conservé. Les conversations sont conservées dans ce navigateur seulement.
js-none-match = Aucune conversation ne correspond.
js-rename = Renommer
js-new-name = Nouveau nom
js-delete = Supprimer
js-delete-sure = Supprimer définitivement ?
js-deleted = Supprimé
js-export-markdown = Enregistrer en Markdown
js-export-json = Enregistrer en JSON
js-questions = Questions
js-close = Fermer
js-not-kept = Ce navigateur ne conserve rien : son espace de stockage est plein ou bloqué.
js-cannot-open = La source n’a pas pu être ouverte. Le programme est-il toujours en marche ?
js-unreachable = Le programme ne répond pas. Est-il toujours en marche ?
js-matches = { "{n}" } sur { "{count}" }
js-no-match = introuvable
js-map = Carte des passages : ceux dont le contenu se ressemble sont proches
js-map-lead = Chaque point est un passage ; ceux dont le contenu se ressemble sont proches. Choisissez-en un pour le lire.
js-map-question = L’étoile est votre dernière question ; les cercles marquent ce qu’elle a fait trouver.
js-timeline = Phrases datées des articles sur un axe de temps
js-timeline-lead = Ce que les articles datent : les points pleins sont des jours, les anneaux des mois, les barres des années. Choisissez-en un pour le lire à sa place.
js-loading = Chargement
js-uploading = envoi en cours
js-taken = vérifié
js-indexing = indexation en cours
js-so-far = { "{n}" } phrases indexées jusqu’ici
js-ready = prêt à être interrogé
js-ready-many = prêt à être interrogé : { "{n}" } articles
js-left-out = { "{n}" } laissés de côté, dont d’abord :
js-removed = Retiré
js-not-an-article = n’est dans aucun format pris en charge
js-too-large = dépasse { "{n}" } Mo ; divisez le fichier.
export-failed = Cette conversation ne peut pas être exportée : elle est endommagée.

## The exported document

document-failed = Cette question n’a pas pu recevoir de réponse : { $error }
document-rated-up = Vous avez jugé cette réponse bonne.
document-rated-down = Vous avez jugé cette réponse mauvaise.
document-sentences = { $count ->
    [one] phrase { $numbers }
   *[other] phrases { $numbers }
}
document-place = { $path }, caractères { $start } à { $end }

## Map and timeline

map-question = Votre question
map-retrieved = Trouvé pour votre question
map-cited = Cité dans la réponse
map-rank = Passage { $rank }
map-others = { $count ->
    [one] { $count } autre article
   *[other] { $count } autres articles
}
timeline-month = { $month ->
    [1] Janvier
    [2] Février
    [3] Mars
    [4] Avril
    [5] Mai
    [6] Juin
    [7] Juillet
    [8] Août
    [9] Septembre
    [10] Octobre
    [11] Novembre
   *[12] Décembre
} { $year }
timeline-year-count = { $year } : { $count ->
    [one] { $count } phrase
   *[other] { $count } phrases
}
timeline-either = { $new } selon le nouveau calendrier, si cette date suit l’ancien ; { $old } selon l’ancien, si elle suit le nouveau
timeline-supposed = l’année est supposée
timeline-others = Autres articles
timeline-empty = Aucune phrase de cette collection ne mentionne de date.
js-zoom = Zoom
js-pan = Déplacer
js-zoom-in = Zoom avant
js-zoom-out = Zoom arrière
js-reset-axes = Tout afficher

## The password

password-wanted = Cette discussion demande un mot de passe
password = Mot de passe
password-enter = Ouvrir la discussion
password-wrong = Ce n’est pas le mot de passe. Demandez-le à la personne qui s’occupe de ce service.
password-too-often = Trop de mots de passe erronés sont venus de cette adresse. Réessayez dans { $seconds } s.
