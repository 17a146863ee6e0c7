"""Every address on one screen."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import path, re_path

from newsletter.web import archive, archive_feeds, archive_search, login, photos, public, roster, submit
from newsletter.web.desk import home as desk_home
from newsletter.web.desk import proof as desk_proof

ISSUE = "[0-9]{4}-[0-9]{2}(?:-x[1-9][0-9]?)?"  # 2026-11, its 号外 2026-11-x1

urlpatterns = [
    path("", public.home, name="home"),
    path("subscribe/", public.subscribe, name="subscribe"),
    path("subscribe/sent/", public.subscribed, name="subscribed"),
    path("c/<str:token>/", public.confirm, name="confirm"),
    path("u/<str:token>/", public.unsubscribe, name="unsubscribe"),
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
    path("staff/login/", login.StaffLogin.as_view(), name="login"),
    path("staff/logout/", auth.LogoutView.as_view(), name="logout"),
    path("staff/password/", login.StaffPasswordReset.as_view(), name="password_reset"),
    path("staff/password/sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path("staff/password/<uidb64>/<token>/", login.StaffPasswordResetConfirm.as_view(), name="password_reset_confirm"),
    path("staff/password/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
    path("admin/login/", login.admin_door),
    path("admin/", admin.site.urls),
]
