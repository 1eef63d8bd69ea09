//! The table of all endpoints.

use api_auth::EndpointInfo;

use crate::accounts::{
    CheckLogin, GetSecondFactor, RegisterAccount, SignSecondFactor, UpdateAccount,
};
use crate::addresses::{
    DeleteAddress, GetMyAddress, GetPublicAddress, InstantVerify, ListMyAddresses,
    ListPublicAddresses, RegisterAddress, UpdateAddress, VerifyAddress,
};
use crate::balances::{ListProtectedBalances, ListPublicBalances};
use crate::chats::{
    CreateChat, GetChat, GetChatPrivileges, GetMessengerPrivileges, JoinChat, ListChats, UpdateChat,
};
use crate::credits::{
    CreateCreditAccount, CreateCreditGroup, GetCreditAccount, GetCreditAccountHistory,
    GetCreditGroup, GetCreditGroupHistory, GiveCredits, ListCreditAccounts, ListCreditGroups,
    TakeCredits, UpdateCreditGroup,
};
use crate::lookups::{
    CheckUserExists, GetAddressByUser, GetUserByAddress, GetUserByEmail, GetUsersByAddresses,
};
use crate::oauth::{
    Authorize, ExchangeCode, ExchangeCodeAtApi, GetUser, LogOut, RequestCode, RequestPasswordToken,
};
use crate::perks::{GetAsset, GetPerks};
use crate::promises::{
    CancelPromise, CreatePromise, DeleteSource, GetPromise, ListPromises, ListPromisesByEmail,
    ListSources, RegisterSource, UpdatePromise,
};
use crate::tca::{CheckAddress, CheckEmail, CheckUser, FindUsers};

/// All endpoints of this crate, in the order of the table in the README.
///
/// ```
/// let listed = tokenpass_client::ENDPOINTS.iter().find(|endpoint| endpoint.id() == "tca.check_user");
/// assert_eq!(listed.unwrap().template(), "/api/v1/tca/check/{username}");
/// ```
pub const ENDPOINTS: &[EndpointInfo] = &[
    EndpointInfo::of::<Authorize>(),
    EndpointInfo::of::<ExchangeCode>(),
    EndpointInfo::of::<GetUser>(),
    EndpointInfo::of::<CheckUser>(),
    EndpointInfo::of::<CheckAddress>(),
    EndpointInfo::of::<RegisterSource>(),
    EndpointInfo::of::<DeleteSource>(),
    EndpointInfo::of::<ListSources>(),
    EndpointInfo::of::<CreatePromise>(),
    EndpointInfo::of::<ListPromises>(),
    EndpointInfo::of::<GetPromise>(),
    EndpointInfo::of::<CancelPromise>(),
    EndpointInfo::of::<UpdatePromise>(),
    EndpointInfo::of::<ListMyAddresses>(),
    EndpointInfo::of::<RegisterAddress>(),
    EndpointInfo::of::<GetMyAddress>(),
    EndpointInfo::of::<VerifyAddress>(),
    EndpointInfo::of::<UpdateAddress>(),
    EndpointInfo::of::<DeleteAddress>(),
    EndpointInfo::of::<InstantVerify>(),
    EndpointInfo::of::<GetUserByAddress>(),
    EndpointInfo::of::<ListPublicAddresses>(),
    EndpointInfo::of::<GetPublicAddress>(),
    EndpointInfo::of::<GetAddressByUser>(),
    EndpointInfo::of::<ListPublicBalances>(),
    EndpointInfo::of::<ListProtectedBalances>(),
    EndpointInfo::of::<GetMessengerPrivileges>(),
    EndpointInfo::of::<CreateCreditGroup>(),
    EndpointInfo::of::<UpdateCreditGroup>(),
    EndpointInfo::of::<ListCreditGroups>(),
    EndpointInfo::of::<GetCreditGroup>(),
    EndpointInfo::of::<GetCreditGroupHistory>(),
    EndpointInfo::of::<ListCreditAccounts>(),
    EndpointInfo::of::<CreateCreditAccount>(),
    EndpointInfo::of::<GetCreditAccount>(),
    EndpointInfo::of::<GetCreditAccountHistory>(),
    EndpointInfo::of::<GiveCredits>(),
    EndpointInfo::of::<TakeCredits>(),
    EndpointInfo::of::<GetPerks>(),
    EndpointInfo::of::<RegisterAccount>(),
    EndpointInfo::of::<CreateChat>(),
    EndpointInfo::of::<UpdateChat>(),
    EndpointInfo::of::<GetChat>(),
    EndpointInfo::of::<GetUsersByAddresses>(),
    EndpointInfo::of::<GetUserByEmail>(),
    EndpointInfo::of::<CheckUserExists>(),
    EndpointInfo::of::<FindUsers>(),
    EndpointInfo::of::<CheckEmail>(),
    EndpointInfo::of::<ListPromisesByEmail>(),
    EndpointInfo::of::<GetAsset>(),
    EndpointInfo::of::<ListChats>(),
    EndpointInfo::of::<GetChatPrivileges>(),
    EndpointInfo::of::<JoinChat>(),
    EndpointInfo::of::<CheckLogin>(),
    EndpointInfo::of::<UpdateAccount>(),
    EndpointInfo::of::<RequestCode>(),
    EndpointInfo::of::<ExchangeCodeAtApi>(),
    EndpointInfo::of::<RequestPasswordToken>(),
    EndpointInfo::of::<LogOut>(),
    EndpointInfo::of::<GetSecondFactor>(),
    EndpointInfo::of::<SignSecondFactor>(),
];
