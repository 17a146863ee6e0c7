"""Every address on one screen."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import path, re_path

from newsletter.web import archive, archive_feeds, archive_search, leaving, login, photos, public, roster, submit
from newsletter.web.desk import home as desk_home
from newsletter.web.desk import (
    list_columns,
    list_export,
    list_history,
    list_rows,
    list_upload,
    people,
    person,
)
from newsletter.web.desk import proof as desk_proof
from newsletter.web.desk import roster as desk_roster
from newsletter.web.desk import roster_member as desk_roster_member
from newsletter.web.desk import segments as desk_segments

ISSUE = "[0-9]{4}-[0-9]{2}(?:-x[1-9][0-9]?)?"  # 2026-11, its 号外 2026-11-x1

urlpatterns = [
    path("", public.home, name="home"),
    path("subscribe/", public.subscribe, name="subscribe"),
    path("subscribe/sent/", public.subscribed, name="subscribed"),
    path("c/<str:token>/", public.confirm, name="confirm"),
    path("u/<str:token>/", leaving.unsubscribe, name="unsubscribe"),
    path("p/<str:token>/", public.preferences, name="preferences"),
    path("archive/", archive.back_numbers, name="archive"),
    path("archive/feed.atom", archive_feeds.atom, name="atom"),
    path("archive/feed.json", archive_feeds.json_feed, name="json_feed"),
    path("archive/members/feed.atom", archive_feeds.members_atom, name="members_atom"),
    path("archive/members/feed.json", archive_feeds.members_json_feed, name="members_json_feed"),
    path("archive/search/", archive_search.find, name="archive_search"),
    path("archive/<slug:slug>/", archive.issue, name="issue"),
    path("archive/<slug:slug>/text/", archive.issue_text, name="issue_text"),
    # One address per item: 3, never 03.
    re_path(rf"^archive/(?P<slug>{ISSUE})/(?P<number>[1-9][0-9]{{0,3}})/$", archive.item, name="item"),
    path("s/<str:token>/", submit.submit, name="submit"),
    path("s/<str:token>/sent/", submit.submitted, name="submitted"),
    path("s/<str:token>/<int:number>/", submit.correct, name="submit_correct"),
    path("s/<str:token>/<int:number>/withdraw/", submit.withdraw, name="submit_withdraw"),
    path("r/<str:token>/", roster.roster, name="roster"),
    path("r/<str:token>/form.xlsx", roster.form_file, name="roster_form"),
    path("r/<str:token>/sent/", roster.received, name="roster_sent"),
    path("favicon.ico", archive.icon),
    path("photos/<str:name>", photos.photo, name="photo"),
    path("staff/", desk_home.overview, name="desk"),
    path("staff/issues/<slug:slug>/proof/", desk_proof.proof, name="desk_proof"),
    path("staff/subscribers/", people.search, name="desk_people"),
    path("staff/subscribers/import/", list_upload.upload, name="desk_list_upload"),
    path("staff/subscribers/import/<str:key>/", list_columns.columns, name="desk_list_columns"),
    path("staff/subscribers/import/<str:key>/discard/", list_upload.discard, name="desk_list_discard"),
    path("staff/subscribers/import/<str:key>/rows/", list_rows.rows, name="desk_list_rows"),
    path("staff/subscribers/import/<str:key>/take-in/", list_rows.take_in, name="desk_list_take_in"),
    path("staff/subscribers/import/<str:key>/refused/", list_rows.refused, name="desk_list_refused"),
    path("staff/subscribers/imports/", list_history.imports, name="desk_list_history"),
    path("staff/subscribers/imports/<int:number>/undo/", list_history.undo, name="desk_list_undo"),
    path("staff/subscribers/export/", list_export.export, name="desk_list_export"),
    path("staff/subscribers/segment/", desk_segments.segment, name="desk_segment"),
    # A person's page is named by the keyed fingerprint of the address: it opens nothing, and says nothing in a log.
    re_path(r"^staff/subscribers/of/(?P<mark>[0-9a-f]{32})/$", person.person, name="desk_person"),
    re_path(r"^staff/subscribers/of/(?P<mark>[0-9a-f]{32})/stop/$", person.stop, name="desk_person_stop"),
    re_path(r"^staff/subscribers/of/(?P<mark>[0-9a-f]{32})/lift/$", person.lift, name="desk_person_lift"),
    re_path(r"^staff/subscribers/of/(?P<mark>[0-9a-f]{32})/held/$", person.write_dossier, name="desk_person_dossier"),
    re_path(r"^staff/subscribers/of/(?P<mark>[0-9a-f]{32})/erase/$", person.erase, name="desk_person_erase"),
    path("staff/roster/", desk_roster.board, name="desk_roster"),
    path("staff/roster/open/", desk_roster.open_round, name="desk_roster_open"),
    path("staff/roster/send/", desk_roster.send, name="desk_roster_send"),
    path("staff/roster/remind/", desk_roster.remind, name="desk_roster_remind"),
    path("staff/roster/close/", desk_roster.close, name="desk_roster_close"),
    path("staff/roster/of/<slug:key>/", desk_roster_member.member, name="desk_roster_member"),
    path("staff/roster/of/<slug:key>/form.xlsx", desk_roster_member.form_file, name="desk_roster_form"),
    path("staff/roster/of/<slug:key>/apply/", desk_roster_member.apply, name="desk_roster_apply"),
    path("staff/roster/of/<slug:key>/take-back/", desk_roster_member.take_back, name="desk_roster_take_back"),
    path("staff/roster/of/<slug:key>/take-in/", desk_roster_member.take_in, name="desk_roster_take_in"),
    path("staff/login/", login.StaffLogin.as_view(), name="login"),
    path("staff/logout/", auth.LogoutView.as_view(), name="logout"),
    path("staff/password/", login.StaffPasswordReset.as_view(), name="password_reset"),
    path("staff/password/sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path("staff/password/<uidb64>/<token>/", login.StaffPasswordResetConfirm.as_view(), name="password_reset_confirm"),
    path("staff/password/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
    path("admin/login/", login.admin_door),
    path("admin/", admin.site.urls),
]
