"""The German words of the house for every row of the table of notices."""

from collections.abc import Mapping

from notifications.row import Audience, Wording

_BUYER, _INVITED, _CALLED = Audience.BUYER, Audience.INVITED, Audience.CALLED
_PROVIDER, _PLATFORM = Audience.PROVIDER, Audience.PLATFORM

GERMAN: Mapping[tuple[str, Audience], Wording] = {
    ("buyer.registered", _BUYER): Wording(
        "Willkommen",
        "Sie können jetzt Anfragen schreiben und einreichen. Anbieter sehen sie, sobald Ihre Organisation geprüft ist.",
    ),
    ("buyer.verification_requested", _PLATFORM): Wording(
        "Ein Käufer bittet um Prüfung",
        "Seine Nachweise warten auf eine Entscheidung.",
    ),
    ("buyer.flagged", _PLATFORM): Wording(
        "Eine Prüfung braucht ein zweites Augenpaar",
        "Ein Admin möchte, dass ein anderer Admin diesen Fall entscheidet.",
    ),
    ("buyer.verified", _BUYER): Wording(
        "Ihre Organisation ist geprüft",
        "Anfragen, die darauf gewartet haben, sind jetzt veröffentlicht.",
    ),
    ("buyer.rejected", _BUYER): Wording(
        "Ihre Organisation wurde nicht bestätigt",
        "Der Grund steht bei Ihrer Registrierung. Ergänzen Sie Ihre Nachweise und bitten Sie noch einmal.",
    ),
    ("buyer.verification_revoked", _BUYER): Wording(
        "Ihre Organisation gilt nicht mehr als geprüft",
        "Ihre offenen Anfragen nehmen keine Gebote an, bis sie wieder geprüft ist.",
    ),
    ("buyer.verification_expiry_neared", _BUYER): Wording(
        "Ihre Prüfung läuft bald ab",
        "Lassen Sie Ihre Organisation vorher erneut prüfen, sonst nehmen Ihre Anfragen keine Gebote an.",
    ),
    ("buyer.verification_expired", _BUYER): Wording(
        "Ihre Prüfung ist abgelaufen",
        "Ihre offenen Anfragen nehmen keine Gebote an, bis Ihre Organisation erneut geprüft ist.",
    ),
    ("identity.read", _BUYER): Wording(
        "Die Plattform hat Ihre Identität gelesen",
        "Wer sie wann gelesen hat, steht bei Ihrer Registrierung.",
    ),
    ("provider.registered", _PLATFORM): Wording(
        "Ein Anbieter bittet um Zulassung",
        "{provider} hat sich registriert und wartet auf eine Entscheidung.",
    ),
    ("provider.approved", _PROVIDER): Wording(
        "Sie sind zugelassen",
        "Ab jetzt bekommen Sie die Anfragen, die Ihre Filter annehmen.",
    ),
    ("provider.suspended", _PROVIDER): Wording(
        "Sie sind gesperrt",
        "Bis auf Weiteres bekommen und öffnen Sie keine Anfragen. Der Grund steht bei Ihrer Registrierung.",
    ),
    ("provider.closed", _PROVIDER): Wording(
        "Ihre Registrierung ist beendet",
        "Der Grund steht bei Ihrer Registrierung.",
    ),
    ("request.submitted", _BUYER): Wording(
        "Wartet auf Prüfung",
        "„{title}“ ist eingereicht. Die Anfrage wird von selbst veröffentlicht, sobald Ihre Organisation geprüft ist.",
    ),
    ("request.lapsed", _BUYER): Wording(
        "Ein Ende ist verstrichen",
        "„{title}“ ist wieder ein Entwurf: Das Ende kam, bevor Ihre Organisation geprüft war. Setzen Sie eine neue "
        "Zeit und reichen Sie die Anfrage ein.",
    ),
    ("request.published", _BUYER): Wording(
        "Veröffentlicht",
        "„{title}“ ist veröffentlicht. Anbieter sehen die Anfrage ohne Ihren Namen.",
    ),
    ("request.distributed", _BUYER): Wording(
        "An Anbieter verteilt",
        "Anbieter, die „{title}“ bekommen haben: {invited}.",
    ),
    ("provider.invited", _PROVIDER): Wording("Eine neue Anfrage", "Sie haben die Anfrage von {pseudonym} bekommen."),
    ("digest.made", _PROVIDER): Wording(
        "Ihre Übersicht",
        "Neue Anfragen seit der letzten Übersicht, die Sie nicht geöffnet haben: {requests}.",
    ),
    ("invitation.declined", _BUYER): Wording(
        "Anbieter lehnen ab",
        "{declined} von {invited} Anbietern lehnen „{title}“ ab.",
    ),
    ("request.amended", _INVITED): Wording(
        "Eine Anfrage wurde geändert",
        "{pseudonym} hat die Anfrage geändert. Ein früheres Gebot gilt für die frühere Fassung.",
    ),
    ("question.asked", _BUYER): Wording("Ein Anbieter fragt", "Fragen zu „{title}“ warten auf Ihre Antwort."),
    ("question.answered", _INVITED): Wording(
        "Eine Frage ist beantwortet",
        "{pseudonym} hat eine Frage zur Anfrage beantwortet, allen eingeladenen Anbietern.",
    ),
    ("answer.changed", _INVITED): Wording(
        "Eine Antwort wurde geändert",
        "{pseudonym} hat geändert, was allen eingeladenen Anbietern zur Anfrage gesagt war.",
    ),
    ("clarification.published", _INVITED): Wording(
        "Eine Klarstellung",
        "{pseudonym} hat allen eingeladenen Anbietern mehr zur Anfrage gesagt.",
    ),
    ("question.declined", _PROVIDER): Wording(
        "Ihre Frage wird nicht beantwortet",
        "{pseudonym} beantwortet eine Ihrer Fragen nicht und sagt, warum.",
    ),
    ("request.withdrawn", _INVITED): Wording(
        "Eine Anfrage wurde zurückgezogen",
        "{pseudonym} hat die Anfrage zurückgezogen.",
    ),
    ("request.suspended", _BUYER): Wording(
        "Eine Anfrage ist ausgesetzt",
        "„{title}“ nimmt bis auf Weiteres keine Gebote an.",
    ),
    ("request.suspended", _INVITED): Wording(
        "Eine Anfrage ist ausgesetzt",
        "Die Anfrage von {pseudonym} nimmt bis auf Weiteres keine Gebote an.",
    ),
    ("request.resumed", _BUYER): Wording("Eine Anfrage geht weiter", "„{title}“ nimmt wieder Gebote an."),
    ("request.resumed", _INVITED): Wording(
        "Eine Anfrage geht weiter",
        "Die Anfrage von {pseudonym} nimmt wieder Gebote an.",
    ),
    ("request.not_awarded", _BUYER): Wording("Ohne Zuschlag beendet", "„{title}“ endete ohne Zuschlag."),
    ("auction.announced", _BUYER): Wording(
        "Die Plattform hat etwas mitgeteilt",
        "Zu „{title}“ gibt es eine Mitteilung.",
    ),
    ("auction.announced", _INVITED): Wording(
        "Die Plattform hat etwas mitgeteilt",
        "Zur Anfrage von {pseudonym} gibt es eine Mitteilung.",
    ),
    ("auction.opened", _BUYER): Wording("Gebote werden angenommen", "„{title}“ nimmt jetzt Gebote an."),
    ("auction.opened", _INVITED): Wording(
        "Gebote werden angenommen",
        "Die Anfrage von {pseudonym} nimmt jetzt Gebote an.",
    ),
    ("bid.placed", _BUYER): Wording("Neue Gebote", "Für „{title}“ gibt es neue Gebote."),
    ("auction.closed", _BUYER): Wording("Das Bieten ist vorbei", "„{title}“ nimmt keine Gebote mehr an."),
    ("auction.closed", _INVITED): Wording(
        "Das Bieten ist vorbei",
        "Die Anfrage von {pseudonym} nimmt keine Gebote mehr an.",
    ),
    ("auction.bids_opened", _BUYER): Wording(
        "Die Gebote sind geöffnet",
        "Vergleichen Sie die Gebote für „{title}“ und entscheiden Sie.",
    ),
    ("auction.paused", _BUYER): Wording(
        "Das Bieten ruht",
        "Für „{title}“ werden keine Gebote angenommen, bis es weitergeht.",
    ),
    ("auction.paused", _INVITED): Wording(
        "Das Bieten ruht",
        "Für die Anfrage von {pseudonym} werden keine Gebote angenommen, bis es weitergeht.",
    ),
    ("auction.resumed", _BUYER): Wording(
        "Das Bieten geht weiter",
        "Für „{title}“ werden wieder Gebote angenommen; die verlorene Zeit kommt hinzu.",
    ),
    ("auction.resumed", _INVITED): Wording(
        "Das Bieten geht weiter",
        "Für die Anfrage von {pseudonym} werden wieder Gebote angenommen; die verlorene Zeit kommt hinzu.",
    ),
    ("auction.extended", _BUYER): Wording(
        "Ein Ende wurde verschoben",
        "Für „{title}“ werden länger Gebote angenommen.",
    ),
    ("auction.extended", _INVITED): Wording(
        "Ein Ende wurde verschoben",
        "Für die Anfrage von {pseudonym} werden länger Gebote angenommen.",
    ),
    ("auction.rescheduled", _BUYER): Wording(
        "Ein Los wurde verlegt",
        "Ein Los von „{title}“ beginnt zu einer anderen Zeit.",
    ),
    ("auction.rescheduled", _INVITED): Wording(
        "Ein Los wurde verlegt",
        "Ein Los der Anfrage von {pseudonym} beginnt zu einer anderen Zeit.",
    ),
    ("bid.withdrawal_requested", _BUYER): Wording(
        "Ein Gebot soll ein Irrtum sein",
        "Ein Bieter für „{title}“ bittet Sie, sein Gebot herauszunehmen.",
    ),
    ("bid.retracted", _INVITED): Wording(
        "Ein Gebot wurde zurückgezogen",
        "Ein Gebot für die Anfrage von {pseudonym} war ein Irrtum und gilt nicht mehr.",
    ),
    ("auction.final_offers_called", _CALLED): Wording(
        "Ihr letztes Angebot",
        "Die Anfrage von {pseudonym} bittet Sie um ein letztes Angebot.",
    ),
    ("request.opening_day_reached", _BUYER): Wording(
        "Bald werden Gebote angenommen",
        "Gebote für „{title}“ werden binnen eines Tages angenommen: {lots}.",
    ),
    ("request.opening_day_reached", _INVITED): Wording(
        "Bald werden Gebote angenommen",
        "Gebote für die Anfrage von {pseudonym} werden binnen eines Tages angenommen: {lots}.",
    ),
    ("request.opening_minutes_reached", _BUYER): Wording(
        "In Minuten werden Gebote angenommen",
        "Gebote für „{title}“ werden gleich angenommen: {lots}.",
    ),
    ("request.opening_minutes_reached", _INVITED): Wording(
        "In Minuten werden Gebote angenommen",
        "Gebote für die Anfrage von {pseudonym} werden gleich angenommen: {lots}.",
    ),
    ("request.last_day_reached", _BUYER): Wording(
        "Das Bieten endet bald",
        "Das Bieten für „{title}“ endet binnen eines Tages: {lots}.",
    ),
    ("request.last_day_reached", _INVITED): Wording(
        "Das Bieten endet bald",
        "Das Bieten für die Anfrage von {pseudonym} endet binnen eines Tages: {lots}.",
    ),
    ("request.last_minutes_reached", _BUYER): Wording(
        "Das Bieten endet in Minuten",
        "Das Bieten für „{title}“ endet in Minuten: {lots}.",
    ),
    ("request.last_minutes_reached", _INVITED): Wording(
        "Das Bieten endet in Minuten",
        "Das Bieten für die Anfrage von {pseudonym} endet in Minuten: {lots}.",
    ),
    ("request.bid_lapse_neared", _BUYER): Wording(
        "Gebote laufen bald ab",
        "Ein Gebot für „{title}“ gilt noch drei Tage. Entscheiden Sie, solange Sie es noch wählen können.",
    ),
    ("award.answer_neared", _PROVIDER): Wording(
        "Bestätigen Sie Ihren Zuschlag",
        "Ihre Zeit, den Zuschlag aus der Anfrage von {pseudonym} zu bestätigen, endet binnen eines Tages: {lots}.",
    ),
    ("award.proposed", _BUYER): Wording(
        "Eine Auswahl wartet auf eine zweite Person",
        "Eine Auswahl in „{title}“ liegt über dem, was eine Person vergeben darf: Eine andere muss sie freigeben "
        "oder ablehnen.",
    ),
    ("award.rejected", _BUYER): Wording(
        "Eine Auswahl wurde nicht freigegeben",
        "Die Auswahl in „{title}“ wurde abgelehnt: Ihre Lose warten wieder auf eine Entscheidung.",
    ),
    ("award.made", _BUYER): Wording("Entschieden", "Vergeben in „{title}“: {lots}."),
    ("award.won", _PROVIDER): Wording(
        "Sie haben gewonnen",
        "Ihre Lose aus der Anfrage von {pseudonym}: {lots}. Bestätigen Sie den Zuschlag. Sie dürfen lesen, wer der "
        "Käufer ist.",
    ),
    ("award.lost", _PROVIDER): Wording(
        "Nicht ausgewählt",
        "Ihr Gebot für die Anfrage von {pseudonym} wurde nicht ausgewählt.",
    ),
    ("identity.disclosed", _BUYER): Wording(
        "Ihre Identität wurde offengelegt",
        "{provider} darf lesen, wer Sie sind: Dieser Anbieter hat in „{title}“ gewonnen.",
    ),
    ("disclosure.read", _BUYER): Wording("Ihre Identität wurde gelesen", "{provider} hat gelesen, wer Sie sind."),
    ("award.confirmed", _BUYER): Wording(
        "Ein Zuschlag wurde bestätigt",
        "{provider} hat den Zuschlag in „{title}“ bestätigt: Sie können jetzt die Bedingungen annehmen.",
    ),
    ("discounts.recomputed", _BUYER): Wording(
        "Rabatte haben sich geändert",
        "Ein Los Ihres Zuschlags in „{title}“ kam zurück, und so gewährt {provider} andere Rabatte: Lesen Sie die "
        "Zahlen noch einmal, bevor Sie annehmen.",
    ),
    ("award.declined", _BUYER): Wording(
        "Ein Zuschlag wurde abgelehnt",
        "{provider} hat den Zuschlag in „{title}“ abgelehnt; seine Lose kommen zu Ihnen zurück: {lots}.",
    ),
    ("award.confirmation_missed", _BUYER): Wording(
        "Ein Zuschlag ist nicht bestätigt",
        "{provider} hat den Zuschlag in „{title}“ nicht rechtzeitig bestätigt: Sie dürfen diese Lose zurücknehmen: "
        "{lots}.",
    ),
    ("award.confirmation_missed", _PROVIDER): Wording(
        "Ihr Zuschlag ist überfällig",
        "Sie haben Ihren Zuschlag aus der Anfrage von {pseudonym} nicht bestätigt: Der Käufer darf die Lose "
        "zurücknehmen.",
    ),
    ("lots.returned", _BUYER): Wording(
        "Lose gehören wieder Ihnen",
        "Aus dem Zuschlag an {provider} wurde nichts. In „{title}“ ist neu zu entscheiden: {lots}.",
    ),
    ("terms.presented", _BUYER): Wording(
        "Bedingungen warten auf Sie",
        "Lesen Sie die Bedingungen von {provider} für „{title}“ und nehmen Sie sie an oder lehnen Sie sie ab.",
    ),
    ("terms.accepted", _PROVIDER): Wording(
        "Ihre Bedingungen wurden angenommen",
        "Der Käufer Ihres Zuschlags aus der Anfrage von {pseudonym} hat Ihre Bedingungen angenommen.",
    ),
    ("terms.refused", _PROVIDER): Wording(
        "Ihre Bedingungen wurden abgelehnt",
        "Der Käufer Ihres Zuschlags aus der Anfrage von {pseudonym} hat Ihre Bedingungen abgelehnt; Ihre Lose "
        "gingen an ihn zurück.",
    ),
    ("terms.withdrawn", _PROVIDER): Wording(
        "Lose von Ihnen gingen zurück",
        "Ihr Zuschlag aus der Anfrage von {pseudonym} endete ohne Vertrag. Zurück beim Käufer: {lots}.",
    ),
    ("negotiation.proposed", _BUYER): Wording(
        "Änderungen an Bedingungen vorgeschlagen",
        "{provider} schlägt Änderungen an seinen Bedingungen für „{title}“ vor: Nehmen Sie sie an oder antworten "
        "Sie mit eigenen.",
    ),
    ("negotiation.proposed", _PROVIDER): Wording(
        "Änderungen an Ihren Bedingungen vorgeschlagen",
        "Der Käufer Ihres Zuschlags aus der Anfrage von {pseudonym} schlägt Änderungen an Ihren Bedingungen vor: "
        "Nehmen Sie sie an oder antworten Sie mit eigenen.",
    ),
    ("negotiation.agreed", _BUYER): Wording(
        "Änderungen an Bedingungen vereinbart",
        "{provider} hat Ihre Änderungen an seinen Bedingungen für „{title}“ angenommen.",
    ),
    ("negotiation.agreed", _PROVIDER): Wording(
        "Änderungen an Ihren Bedingungen vereinbart",
        "Der Käufer Ihres Zuschlags aus der Anfrage von {pseudonym} hat Ihre Änderungen angenommen.",
    ),
    ("contract.made", _BUYER): Wording(
        "Ein Vertrag ist geschlossen",
        "Ihr Vertrag mit {provider} über „{title}“ ist geschlossen.",
    ),
    ("contract.notice_window_opened", _BUYER): Wording(
        "Entscheiden Sie über die Kündigung",
        "Das Kündigungsfenster Ihres Vertrags mit {provider} über „{title}“ ist offen; der Vertrag nennt seinen "
        "letzten Tag.",
    ),
    ("contract.made", _PROVIDER): Wording(
        "Ein Vertrag ist geschlossen",
        "Ihr Vertrag aus der Anfrage von {pseudonym} ist geschlossen.",
    ),
    ("user.suspended", _BUYER): Wording(
        "Benutzer von Ihnen sind gesperrt",
        "Die Plattform schließt Benutzer Ihrer Organisation aus: Sie können sich nicht anmelden, ihre Sitzungen "
        "sind beendet, und ihre API-Schlüssel ruhen. Was läuft, geht weiter. Fragen Sie die Plattform nach dem "
        "Grund und danach, wie die Sperre aufgehoben wird.",
    ),
    ("user.reinstated", _BUYER): Wording(
        "Gesperrte Benutzer dürfen sich wieder anmelden",
        "Die Plattform lässt die Benutzer Ihrer Organisation, die sie gesperrt hatte, wieder zu; ihre API-Schlüssel"
        " gelten.",
    ),
    ("user.suspended", _PROVIDER): Wording(
        "Benutzer von Ihnen sind gesperrt",
        "Die Plattform schließt Benutzer Ihrer Organisation aus: Sie können sich nicht anmelden, ihre Sitzungen "
        "sind beendet, und ihre API-Schlüssel ruhen. Was läuft, geht weiter. Fragen Sie die Plattform nach dem "
        "Grund und danach, wie die Sperre aufgehoben wird.",
    ),
    ("user.reinstated", _PROVIDER): Wording(
        "Gesperrte Benutzer dürfen sich wieder anmelden",
        "Die Plattform lässt die Benutzer Ihrer Organisation, die sie gesperrt hatte, wieder zu; ihre API-Schlüssel"
        " gelten.",
    ),
    ("webhook.disabled", _BUYER): Wording(
        "Ein Webhook ist abgeschaltet",
        "Ihr eigenes System nimmt unsere Nachrichten nicht mehr an: Es bekommt keine, bis Sie den Webhook wieder "
        "aktiv machen. Was es versäumt hat, steht unter GET /events.",
    ),
    ("webhook.disabled", _PROVIDER): Wording(
        "Ein Webhook ist abgeschaltet",
        "Ihr eigenes System nimmt unsere Nachrichten nicht mehr an: Es bekommt keine, bis Sie den Webhook wieder "
        "aktiv machen. Was es versäumt hat, steht unter GET /events.",
    ),
    ("webhook.disabled", _PLATFORM): Wording(
        "Ein Webhook ist abgeschaltet",
        "Ihr eigenes System nimmt unsere Nachrichten nicht mehr an: Es bekommt keine, bis Sie den Webhook wieder "
        "aktiv machen. Was es versäumt hat, steht unter GET /events.",
    ),
}
