# What the interface says, in Spanish. Ids are named after the place where they stand; `js-` ones are for the scripts.

## The head of the page

pages = Páginas
view-chat = Preguntar
view-shelf = Artículos
view-map = Mapa
view-timeline = Cronología
tool-new = Nueva conversación
tool-kept = Conversaciones
tool-settings = Ajustes
articles = Artículos
articles-count = { $count ->
    [one] { $count } artículo
   *[other] { $count } artículos
}
every-sentence = , cada frase con su fuente

## The conversation

welcome = ¿Qué desea saber?
welcome-lead = La respuesta se redacta únicamente a partir de los artículos de la colección, y cada frase se comprueba con el lugar que cita. Si los artículos no dicen nada al respecto, se le indicará.
examples = Preguntas de ejemplo
your-question = Su pregunta
ask-the-articles = Haga una pregunta a los artículos
ask-in-theirs = Haga una pregunta a los artículos, en el idioma de estos
ask = Preguntar
stop = Detener
enter-asks = Intro para preguntar, Mayús+Intro para una línea nueva.
searched = Se ha buscado:
found = { $passages ->
    [one] { $passages } fragmento encontrado
   *[other] { $passages } fragmentos encontrados
}
found-none = No se ha encontrado ningún fragmento.
draft = borrador, en comprobación
stopped = detenido
declined = Los artículos de esta colección no lo dicen.
nearest = Fragmentos más cercanos
search-differently = Buscar de otra manera
sources-differ = Las fuentes no coinciden en este punto.
calendars-differ = Las fuentes dan meses distintos; parte de la diferencia puede deberse a que usan dos calendarios.
cite = Fuente { $mark }: { $title }
source-moved = Esta fuente ya no está en la colección tal como se citó.
support-quoted = con las palabras de la propia fuente
support-supported = comprobado con la fuente
support-repaired = sustituido por la frase de la propia fuente
sure-almost-surely = Los artículos responden a esto casi con certeza
sure-very-probably = Los artículos responden a esto muy probablemente
sure-probably = Los artículos responden a esto probablemente
sure-perhaps = Los artículos quizá respondan a esto
seconds = { $seconds } s
written-by = Redactado por { $model }
error-unexpected = Algo ha fallado; en la terminal hay más información.
error-full = Hay demasiadas preguntas en espera; pregunte de nuevo dentro de un minuto.
error-closing = El servidor está a punto de cerrarse; pregunte de nuevo dentro de un minuto.

## What is happening

status-waiting = En espera de turno
status-queued = { $ahead ->
    [one] En espera: { $ahead } persona va antes
   *[other] En espera: { $ahead } personas van antes
}
status-searching = Buscando en los artículos
status-reading = { $sentences ->
    [one] Leyendo { $sentences } frase
   *[other] Leyendo { $sentences } frases
}
status-writing = Redactando la respuesta
status-checking = Comprobando con la fuente
status-stopped = Detenido.
status-done = Respuesta lista: { $sentences ->
    [one] { $sentences } frase
   *[other] { $sentences } frases
}, { $sources ->
    [one] { $sources } fuente
   *[other] { $sources } fuentes
}.
status-declined = Los artículos no responden a esto.

## What can be done with an answer

this-answer = Esta respuesta
act-retry = Volver a preguntar
act-edit = Editar la pregunta
act-continue = Continuar
act-link = Copiar enlace
act-copy = Copiar respuesta
act-more = Leer más fragmentos
act-passages = Ver los fragmentos
act-up = Buena respuesta
act-down = Mala respuesta
word-label = En pocas palabras, ¿por qué? (Opcional)
word-send = Enviar
word-kept = Gracias. Su opinión se guarda en este equipo.

## Sources

sources = Fuentes
source = Fuente
on-the-shelf = En la colección
pane-lead = Elija un número en una respuesta: el artículo se abre aquí, en las palabras exactas en que se apoya.
close-sources = Cerrar las fuentes
all-articles = Todos los artículos
and-more = y { $count } más, que las respuestas pueden citar
read-whole = Leer completo
original = Original
on-page = p. { $page }
on-pages = pp. { $first }-{ $last }
also-at = También en
more-copies = y { $count } más
no-article = Ese artículo no está en la colección.
no-place = Ese lugar no está en el artículo.
copy-citation = Copiar la referencia
copy-plain = Texto
quote-of = Cita { $number } de { $count }
quote-before = Cita anterior
quote-after = Cita siguiente

## Articles

find-passages = Buscar fragmentos, sin hacer una pregunta
find = Buscar
length = { $words ->
    [one] { $words } palabra
   *[other] { $words } palabras
}, { $minutes ->
    [one] { $minutes } minuto
   *[other] { $minutes } minutos
}
covers = Temas que trata
contents = Índice
search-within = Buscar en el artículo
match-before = Coincidencia anterior
match-after = Coincidencia siguiente
remove = Quitar
remove-article = Quitar { $title }
own-articles = Sus propios artículos
own-lead = Suelte aquí artículos, o una carpeta que los contenga: Markdown, texto, HTML, PDF, Word, OpenDocument, EPUB, RTF, correo electrónico, CSV, JSON Lines, ZIP y otros. Se quedan en este equipo, y un momento después puede hacerles preguntas. Si un archivo contiene varios, quitar uno es quitar el archivo entero.
own-files = Elegir archivos
own-folder = Elegir carpeta
own-lost = El archivo subido se ha perdido; suéltelo de nuevo.

## Settings

set-language = Idioma de la interfaz
language-browser = El del navegador
set-length = Longitud de las respuestas
length-short = Corta: una frase
length-normal = Normal: hasta tres frases
length-long = Larga: hasta seis frases
set-passages = Fragmentos que se leen para una respuesta
set-passages-why = Con más fragmentos se encuentra más y se tarda más.
settings-kept = Se guarda solo en este navegador.
save = Guardar
cancel = Cancelar

## For the scripts

js-ask = { ask }
js-edit-question = { act-edit }
js-settings = { tool-settings }
js-view-map = { view-map }
js-view-timeline = { view-timeline }
js-conversations = { tool-kept }
js-save = { save }
js-cancel = { cancel }
js-copied = Copiado
js-link-copied = Enlace copiado
js-not-copied = No se ha podido copiar
js-search-conversations = Buscar conversaciones
js-no-conversations = Todavía no hay nada guardado. Las conversaciones se guardan solo en este navegador.
js-none-match = Ninguna conversación coincide.
js-rename = Cambiar nombre
js-new-name = Nombre nuevo
js-delete = Eliminar
js-delete-sure = ¿Eliminar para siempre?
js-deleted = Eliminado
js-export-markdown = Guardar como Markdown
js-export-json = Guardar como JSON
js-questions = Preguntas
js-close = Cerrar
js-not-kept = Este navegador no guarda nada: su almacenamiento está lleno o bloqueado.
js-cannot-open = No se ha podido abrir la fuente. ¿Sigue el programa en marcha?
js-unreachable = El programa no responde. ¿Sigue en marcha?
js-matches = { "{n}" } de { "{count}" }
js-no-match = no encontrado
js-map = Mapa de los fragmentos: los de contenido parecido están juntos
js-map-lead = Cada punto es un fragmento; los de contenido parecido están juntos. Elija uno para leerlo.
js-map-question = La estrella es su última pregunta; los círculos señalan lo que se encontró con ella.
js-timeline = Frases con fecha de los artículos en un eje temporal
js-timeline-lead = Lo que los artículos fechan: los puntos llenos son días, los anillos meses, las barras años. Elija uno para leerlo en su lugar.
js-loading = Cargando
js-uploading = subiendo
js-taken = comprobado
js-indexing = indexando
js-so-far = { "{n}" } frases indexadas hasta ahora
js-ready = listo para preguntas
js-ready-many = listo para preguntas: { "{n}" } artículos
js-left-out = { "{n}" } sin incluir; el primero:
js-removed = Quitado
js-not-an-article = no está en ningún formato que se lea
js-too-large = ocupa más de { "{n}" } MB; divida el archivo.
export-failed = Esta conversación no se puede exportar: está dañada.

## The exported document

document-failed = No se ha podido responder a esta pregunta: { $error }
document-rated-up = Usted calificó esta respuesta de buena.
document-rated-down = Usted calificó esta respuesta de mala.
document-sentences = { $count ->
    [one] frase { $numbers }
   *[other] frases { $numbers }
}
document-place = { $path }, caracteres { $start } a { $end }

## Map and timeline

map-question = Su pregunta
map-retrieved = Encontrado para su pregunta
map-cited = Citado en la respuesta
map-rank = Fragmento { $rank }
map-others = { $count ->
    [one] { $count } artículo más
   *[other] { $count } artículos más
}
timeline-month = { $month ->
    [1] Enero
    [2] Febrero
    [3] Marzo
    [4] Abril
    [5] Mayo
    [6] Junio
    [7] Julio
    [8] Agosto
    [9] Septiembre
    [10] Octubre
    [11] Noviembre
   *[12] Diciembre
} de { $year }
timeline-year-count = { $year }: { $count ->
    [one] { $count } frase
   *[other] { $count } frases
}
timeline-either = { $new } según el calendario nuevo, si esta fecha sigue el antiguo; { $old } según el antiguo, si sigue el nuevo
timeline-supposed = el año es una suposición
timeline-others = Otros artículos
timeline-empty = Ninguna frase de esta colección menciona una fecha.
js-zoom = Zoom
js-pan = Desplazar
js-zoom-in = Acercar
js-zoom-out = Alejar
js-reset-axes = Mostrar todo

## The password

password-wanted = Este chat pide una contraseña
password = Contraseña
password-enter = Abrir el chat
password-wrong = Esa no es la contraseña. Pregunte a quien se ocupa de este chat.
password-too-often = Desde esta dirección llegaron demasiadas contraseñas erróneas. Inténtelo de nuevo en { $seconds } s.
