# What the interface says, in Russian. Ids are named after the place where they stand; `js-` ones are for the scripts.

## The head of the page

pages = Страницы
view-chat = Вопросы
view-shelf = Статьи
view-map = Карта
view-timeline = Хронология
tool-new = Новый диалог
tool-kept = Диалоги
tool-settings = Настройки
articles = Статьи
articles-count = { $count ->
    [one] { $count } статья
    [few] { $count } статьи
    [many] { $count } статей
   *[other] { $count } статьи
}
every-sentence = , каждое предложение с источником

## The conversation

welcome = Что вы хотите узнать?
welcome-lead = Ответ составляется только по статьям из подборки, и каждое предложение сверяется с тем местом, на которое оно ссылается. Если в статьях об этом ничего нет, вам об этом сообщат.
examples = Примеры вопросов
your-question = Ваш вопрос
ask-the-articles = Задайте вопрос по статьям
ask-in-theirs = Задайте вопрос по статьям на их языке
ask = Спросить
stop = Стоп
enter-asks = Enter — спросить, Shift+Enter — новая строка.
searched = Поисковый запрос:
found = { $passages ->
    [one] Найден { $passages } фрагмент
    [few] Найдено { $passages } фрагмента
    [many] Найдено { $passages } фрагментов
   *[other] Найдено { $passages } фрагмента
}
found-none = Фрагментов не найдено.
draft = черновик, проверяется
stopped = остановлено
declined = В статьях этой подборки об этом не говорится.
nearest = Ближайшие фрагменты
search-differently = Искать иначе
sources-differ = Источники в этом расходятся.
calendars-differ = Источники называют разные месяцы; отчасти это может объясняться тем, что в них используются два календаря.
cite = Источник { $mark }: { $title }
source-moved = Этого источника больше нет в подборке в том виде, в каком он был процитирован.
support-quoted = словами самого источника
support-supported = сверено с источником
support-repaired = заменено предложением самого источника
sure-almost-surely = Почти наверняка статьи отвечают на этот вопрос
sure-very-probably = С большой вероятностью статьи отвечают на этот вопрос
sure-probably = Вероятно, статьи отвечают на этот вопрос
sure-perhaps = Возможно, статьи отвечают на этот вопрос
seconds = { $seconds } с
written-by = Ответ составлен моделью { $model }
error-unexpected = Произошла ошибка; подробности в терминале.
error-full = В очереди слишком много вопросов; спросите ещё раз через минуту.
error-closing = Сервер завершает работу; спросите ещё раз через минуту.

## What is happening

status-waiting = Ожидание очереди
status-queued = { $ahead ->
    [one] Ожидание: перед вами { $ahead } читатель
    [few] Ожидание: перед вами { $ahead } читателя
    [many] Ожидание: перед вами { $ahead } читателей
   *[other] Ожидание: перед вами { $ahead } читателя
}
status-searching = Поиск по статьям
status-reading = { $sentences ->
    [one] Чтение: { $sentences } предложение
    [few] Чтение: { $sentences } предложения
    [many] Чтение: { $sentences } предложений
   *[other] Чтение: { $sentences } предложения
}
status-writing = Составление ответа
status-checking = Сверка с источником
status-stopped = Остановлено.
status-done = Ответ готов: { $sentences ->
    [one] { $sentences } предложение
    [few] { $sentences } предложения
    [many] { $sentences } предложений
   *[other] { $sentences } предложения
}, { $sources ->
    [one] { $sources } источник
    [few] { $sources } источника
    [many] { $sources } источников
   *[other] { $sources } источника
}.
status-declined = Статьи не отвечают на этот вопрос.

## What can be done with an answer

this-answer = Этот ответ
act-retry = Спросить снова
act-edit = Изменить вопрос
act-continue = Продолжить
act-link = Копировать ссылку
act-copy = Копировать ответ
act-more = Прочитать больше фрагментов
act-passages = Просмотреть фрагменты
act-up = Хороший ответ
act-down = Плохой ответ
word-label = Почему, если коротко? (Необязательно)
word-send = Отправить
word-kept = Спасибо. Ваш отзыв сохранён на этом компьютере.

## Sources

sources = Источники
source = Источник
on-the-shelf = В подборке
pane-lead = Выберите номер в ответе: статья откроется здесь, на тех самых словах, на которых он основан.
close-sources = Закрыть источники
all-articles = Все статьи
and-more = { $count ->
    [one] и ещё { $count }, на которую могут ссылаться ответы
    [few] и ещё { $count }, на которые могут ссылаться ответы
    [many] и ещё { $count }, на которые могут ссылаться ответы
   *[other] и ещё { $count }, на которые могут ссылаться ответы
}
read-whole = Читать целиком
original = Оригинал
on-page = с. { $page }
on-pages = с. { $first }–{ $last }
also-at = Также:
more-copies = и ещё { $count }
no-article = Этой статьи нет в подборке.
no-place = Такого места в статье нет.
copy-citation = Копировать ссылку на источник
copy-plain = Текст
quote-of = Цитата { $number } из { $count }
quote-before = Предыдущая цитата
quote-after = Следующая цитата

## Articles

find-passages = Найти фрагменты, не задавая вопроса
find = Найти
length = { $words ->
    [one] { $words } слово
    [few] { $words } слова
    [many] { $words } слов
   *[other] { $words } слова
}, { $minutes ->
    [one] { $minutes } минута
    [few] { $minutes } минуты
    [many] { $minutes } минут
   *[other] { $minutes } минуты
}
covers = О чём эта статья
contents = Содержание
search-within = Найти в статье
match-before = Предыдущее совпадение
match-after = Следующее совпадение
remove = Убрать
remove-article = Убрать: { $title }
own-articles = Ваши собственные статьи
own-lead = Перетащите сюда статьи или папку с ними: Markdown, текст, HTML, PDF, Word, OpenDocument, EPUB, RTF, электронные письма, CSV, JSON Lines, ZIP и другие форматы. Они останутся на этом компьютере, и вскоре по ним можно будет задавать вопросы. Если в файле несколько статей, вместе с одной убирается весь файл.
own-files = Выбрать файлы
own-folder = Выбрать папку
own-lost = Загруженный файл потерян; перетащите его ещё раз.

## Settings

set-language = Язык интерфейса
language-browser = Как в браузере
set-length = Длина ответов
length-short = Короткий: одно предложение
length-normal = Обычный: до трёх предложений
length-long = Длинный: до шести предложений
set-passages = Сколько фрагментов читать для ответа
set-passages-why = Чем больше фрагментов, тем больше найдётся и тем дольше ждать.
settings-kept = Хранится только в этом браузере.
save = Сохранить
cancel = Отмена

## For the scripts

js-ask = { ask }
js-edit-question = { act-edit }
js-settings = { tool-settings }
js-view-map = { view-map }
js-view-timeline = { view-timeline }
js-conversations = { tool-kept }
js-save = { save }
js-cancel = { cancel }
js-copied = Скопировано
js-link-copied = Ссылка скопирована
js-not-copied = Не удалось скопировать
js-search-conversations = Поиск по диалогам
js-no-conversations = Пока ничего не сохранено. Диалоги хранятся только в этом браузере.
js-none-match = Нет подходящих диалогов.
js-rename = Переименовать
js-new-name = Новое название
js-delete = Удалить
js-delete-sure = Удалить навсегда?
js-deleted = Удалено
js-export-markdown = Сохранить как Markdown
js-export-json = Сохранить как JSON
js-questions = Вопросов
js-close = Закрыть
js-not-kept = Этот браузер ничего не сохраняет: его хранилище заполнено или закрыто.
js-cannot-open = Не удалось открыть источник. Программа ещё работает?
js-unreachable = Программа не отвечает. Она ещё работает?
js-matches = { "{n}" } из { "{count}" }
js-no-match = не найдено
js-map = Карта фрагментов: близкие по содержанию расположены рядом
js-map-lead = Каждая точка — фрагмент; близкие по содержанию расположены рядом. Выберите точку, чтобы прочитать его.
js-map-question = Звезда — ваш последний вопрос; кольцами отмечено то, что по нему найдено.
js-timeline = Датированные предложения статей на оси времени
js-timeline-lead = Что датируют статьи: полные точки — дни, кольца — месяцы, полосы — годы. Выберите что-нибудь, чтобы прочесть на своём месте.
js-loading = Загрузка
js-uploading = загружается
js-taken = проверен
js-indexing = индексируется
js-so-far = проиндексировано предложений: { "{n}" }
js-ready = готов к вопросам
js-ready-many = готово к вопросам, статей: { "{n}" }
js-left-out = пропущено: { "{n}" }, первое:
js-removed = Убрано
js-not-an-article = имеет формат, который не читается
js-too-large = больше { "{n}" } МБ; разделите файл.
export-failed = Этот диалог нельзя экспортировать: он повреждён.

## The exported document

document-failed = На этот вопрос не удалось ответить: { $error }
document-rated-up = Вы назвали этот ответ хорошим.
document-rated-down = Вы назвали этот ответ плохим.
document-sentences = { $count ->
    [1] предложение { $numbers }
   *[other] предложения { $numbers }
}
document-place = { $path }, символы с { $start } по { $end }

## Map and timeline

map-question = Ваш вопрос
map-retrieved = Найдено по вашему вопросу
map-cited = Процитировано в ответе
map-rank = Фрагмент { $rank }
map-others = { $count ->
    [one] Ещё { $count } статья
    [few] Ещё { $count } статьи
    [many] Ещё { $count } статей
   *[other] Ещё { $count } статьи
}
timeline-month = { $month ->
    [1] Январь
    [2] Февраль
    [3] Март
    [4] Апрель
    [5] Май
    [6] Июнь
    [7] Июль
    [8] Август
    [9] Сентябрь
    [10] Октябрь
    [11] Ноябрь
   *[12] Декабрь
} { $year } г.
timeline-year-count = { $year } г.: { $count ->
    [one] { $count } предложение
    [few] { $count } предложения
    [many] { $count } предложений
   *[other] { $count } предложения
}
timeline-either = { $new } по новому стилю, если эта дата дана по старому; { $old } по старому стилю, если по новому
timeline-supposed = год предположительный
timeline-others = Другие статьи
timeline-empty = Ни одно предложение подборки не называет даты.
js-zoom = Масштаб
js-pan = Сдвиг
js-zoom-in = Приблизить
js-zoom-out = Отдалить
js-reset-axes = Показать всё

## The password

password-wanted = Этот чат просит пароль
password = Пароль
password-enter = Открыть чат
password-wrong = Это не тот пароль. Спросите его у того, кто ведёт этот чат.
password-too-often = С этого адреса пришло слишком много неверных паролей. Попробуйте снова через { $seconds } с.
