from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, UploadFile, status

from app.dependencies import AccountServiceDep, CurrentUser, SessionDep, SettingsDep, UserRepositoryDep
from app.models import Login, User
from app.schemas import Credentials, LoginRead, Token, UserCreate, UserRead
from app.security import create_token
from app.services import mail
from app.services.accounts import NameTaken
from app.services.avatars import NotAnImage, TooBig, save_avatar, save_banner

router = APIRouter(prefix="/api/users", tags=["users"])


@router.post("", response_model=UserRead, status_code=status.HTTP_201_CREATED)
def register(data: UserCreate, accounts: AccountServiceDep) -> User:
    try:
        user = accounts.register(data)
    except NameTaken as taken:
        raise HTTPException(status.HTTP_409_CONFLICT, str(taken)) from taken
    mail.send_welcome(user.username, user.email)
    return user


@router.post("/login")
def login(data: Credentials, accounts: AccountServiceDep) -> Token:
    user = accounts.authenticate(data.username, data.password)
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "wrong name or password")
    return Token(access_token=create_token(user.id))


@router.get("/email-taken")
def email_taken(email: str, users: UserRepositoryDep) -> bool:
    return users.email_taken(email)


@router.get("/by-email", response_model=UserRead)
def read_by_email(email: str, users: UserRepositoryDep) -> User:
    user = users.by_email(email)
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such user")
    return user


@router.get("/me/logins", response_model=list[LoginRead])
def list_logins(user: CurrentUser, users: UserRepositoryDep) -> Sequence[Login]:
    return users.recent_logins(user)


@router.put("/me/email")
def change_email(email: str, user: CurrentUser, accounts: AccountServiceDep) -> dict[str, str]:
    return {"email": accounts.change_email(user, email)}


@router.put("/me/avatar")
def upload_avatar(
    picture: UploadFile, user: CurrentUser, session: SessionDep, settings: SettingsDep
) -> dict[str, str]:
    try:
        user.avatar = save_avatar(picture, settings.media_root)
    except NotAnImage as error:
        raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "a picture, please") from error
    session.commit()
    return {"avatar": user.avatar}


@router.put("/me/banner")
def upload_banner(picture: UploadFile, user: CurrentUser, settings: SettingsDep) -> dict[str, int]:
    try:
        size = save_banner(picture, settings.media_root / f"banner-{user.id}")
    except TooBig as error:
        raise HTTPException(413, "a smaller picture, please") from error
    return {"size": size}


@router.get("/{username}/bio")
def read_bio(username: str, users: UserRepositoryDep) -> dict[str, str]:
    user = users.profile(username)
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such user")
    return {"username": user.username, "bio": user.bio}
