// Everything the service needs in one subscription: a resource group, and one module for each kind of resource.
// Written in the subset of Bicep that the compiler, tree-sitter and checkov read alike (docs/decisions: infrastructure).
targetScope = 'subscription'

@description('Name of this installation, part of every resource name. azd: AZURE_ENV_NAME.')
@minLength(2)
@maxLength(16)
param environmentName string

@description('Azure region of everything.')
param location string

@description('What the service calls itself (APP_ENVIRONMENT). A deployed service is never local.')
@allowed([
  'dev'
  'test'
  'prod'
])
param appEnvironment string

@description('Private endpoints, no public network on data, and outgoing traffic through one address.')
param privateNetwork bool

@description('Address ranges (CIDR) that may call the service from the internet. Empty with privateNetwork: nobody may.')
param callerAddressRanges array = []

@description('Addresses (IPv4) that may reach data services while they are public: of the operators who provision them.')
param operatorAddresses array = []

@description('Address ranges of the virtual network and its subnets.')
param networkRanges object = {
  network: '10.60.0.0/24'
  app: '10.60.0.0/26'
  endpoints: '10.60.0.64/26'
  operators: '10.60.0.128/26'
}

@description('Entra group that administers the database: its display name.')
param sqlAdministratorName string

@description('The same group: its object id.')
param sqlAdministratorObjectId string

@description('Database SKU: {name, tier, family, capacity}. GP_S_Gen5 is serverless, GP_Gen5 provisioned, HS_Gen5 Hyperscale.')
param sqlSku object

@description('Minutes of idleness after which a serverless database pauses; -1 never. A paused one fails the first sale.')
param sqlAutoPauseMinutes int = -1

@description('Least vCores of a serverless database, as text (0.5 and up). Empty for a provisioned one.')
param sqlMinimumCapacity string = ''

@description('Most data that the database may hold, GB; full, it takes no sale. Paid for, used or not. Not for Hyperscale (HS_).')
param sqlMaxSizeGB int = 32

@description('Spread the database and the instances over availability zones.')
param zoneRedundant bool = false

@description('Standard, or Premium: private endpoints need Premium.')
@allowed([
  'Standard'
  'Premium'
])
param serviceBusSku string

@description('Replication of the storage accounts.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
param storageSku string

@description('Days for which an audit anchor can be neither changed nor deleted.')
param auditRetentionDays int

@description('Days after which a file of the bank is deleted. What it said is in the database.')
param bankFileRetentionDays int = 400

@description('Days that logs are kept.')
param logRetentionDays int

@description('Memory of one instance, MB: 512, 2048 or 4096.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@description('Most instances at once. Times sqlConnectionsMax: what the database must bear.')
param maximumInstanceCount int

@description('HTTP calls that one instance takes at once. For Python the platform would take one.')
param httpConcurrency int = 128

@description('Instances kept warm: [{name, instanceCount}], where name is http or function:<name>.')
param alwaysReady array

@description('Database connections of one process (SQL_CONNECTIONS_MAX).')
param sqlConnectionsMax int

@description('Chase API, such as https://api-ms.payments.jpmorgan.com/api/v2')
param chaseBaseUrl string

@description('Where Chase gives tokens.')
param chaseTokenUrl string

@description('Our client id at Chase.')
param chaseClientId string

@description('How we prove who we are: a private key, or the client secret of Chase mock.')
@allowed([
  'private-key'
  'client-secret'
])
param chaseCredential string

@description('SHA-1 thumbprint of the certificate of the private key, upper-case hex.')
param chaseCertificateThumbprint string = ''

@description('The resource that a token is for, JPMC:URI:RS-...')
param chaseResource string = ''

@description('Billers as Chase knows them (MERCHANTS).')
param merchants object

@description('Chase for shadow: one of its hosts for tests. Empty: nothing can be in shadow.')
param shadowChaseBaseUrl string = ''

@description('Where shadow gets its tokens.')
param shadowChaseTokenUrl string = ''

@description('Our client id for shadow at Chase: another than chaseClientId.')
param shadowChaseClientId string = ''

@description('How shadow proves who it is: a private key of its own, or the client secret of Chase mock.')
@allowed([
  'private-key'
  'client-secret'
])
param shadowChaseCredential string = 'private-key'

@description('SHA-1 thumbprint of the certificate of the private key of shadow, upper-case hex.')
param shadowChaseCertificateThumbprint string = ''

@description('The resource that a token of shadow is for, JPMC:URI:RS-...')
param shadowChaseResource string = ''

@description('Biller -> test merchant id (SHADOW_MERCHANT_IDS): one for each of merchants, and none of theirs.')
param shadowMerchantIds object = {}

@description('Refuse a sale whose caller did not ask before who charges it. Off only for callers outside a rollout.')
param rolloutDecisionRequired bool = true

@description('Issuer of the tokens of callers.')
param jwtIssuer string

@description('Audience of the tokens of callers.')
param jwtAudience string

@description('Where the issuer publishes its keys.')
param jwtJwksUrl string

@description('The ledger to post to. Empty: nothing is posted; shadow never is.')
param ledgerUrl string = ''

@description('Who is told of alarms, by mail.')
param alarmEmails array

@description('Web hook of the pager. Empty: mail only.')
@secure()
param pagerWebhookUrl string = ''

@description('Where runbooks are read: the address of docs/runbooks in the repository, without a slash at the end.')
param runbookBaseUrl string

@description('Raise the alarms. Off for an installation that is only being tried.')
param alarmsEnabled bool = true

@description('Names of alarms that stay off here, such as no-traffic where nobody pays.')
param disabledAlarms array = []

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
  application: 'ic-chase-payment-processing'
  environment: appEnvironment
}

// Built-in roles, by their ids: each is assigned to the app's identity where it is needed and nowhere else.
var roles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  serviceBusDataSender: '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  serviceBusDataReceiver: '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-payments-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  name: 'identity'
  params: {
    name: 'id-payments-${environmentName}-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  name: 'monitoring'
  params: {
    workspaceName: 'log-payments-${environmentName}-${token}'
    componentName: 'appi-payments-${environmentName}-${token}'
    actionGroupName: 'ag-payments-${environmentName}-${token}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    emails: alarmEmails
    webhookUrl: pagerWebhookUrl
    appPrincipalId: identity.outputs.principalId
    metricsPublisherRoleId: roles.monitoringMetricsPublisher
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  name: 'network'
  params: {
    name: 'vnet-payments-${environmentName}-${token}'
    location: location
    tags: tags
    ranges: networkRanges
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  name: 'storage'
  params: {
    hostAccountName: 'sth${token}'
    recordsAccountName: 'str${token}'
    location: location
    tags: tags
    sku: storageSku
    auditRetentionDays: auditRetentionDays
    operatorAddresses: operatorAddresses
    endpointSubnetId: privateNetwork ? network.outputs.endpointSubnetId : ''
    workspaceId: monitoring.outputs.workspaceId
    appPrincipalId: identity.outputs.principalId
    blobOwnerRoleId: roles.storageBlobDataOwner
    blobContributorRoleId: roles.storageBlobDataContributor
    bankFileRetentionDays: bankFileRetentionDays
    queueContributorRoleId: roles.storageQueueDataContributor
    tableContributorRoleId: roles.storageTableDataContributor
  }
}

module keyVault 'modules/key_vault.bicep' = {
  scope: group
  name: 'key-vault'
  params: {
    name: 'kv-pay-${take(token, 13)}'
    location: location
    tags: tags
    operatorAddresses: operatorAddresses
    endpointSubnetId: privateNetwork ? network.outputs.endpointSubnetId : ''
    workspaceId: monitoring.outputs.workspaceId
    appPrincipalId: identity.outputs.principalId
    secretsUserRoleId: roles.keyVaultSecretsUser
  }
}

module serviceBus 'modules/service_bus.bicep' = {
  scope: group
  name: 'service-bus'
  params: {
    name: 'sb-payments-${environmentName}-${token}'
    location: location
    tags: tags
    sku: serviceBusSku
    endpointSubnetId: privateNetwork ? network.outputs.endpointSubnetId : ''
    workspaceId: monitoring.outputs.workspaceId
    appPrincipalId: identity.outputs.principalId
    senderRoleId: roles.serviceBusDataSender
    receiverRoleId: roles.serviceBusDataReceiver
  }
}

module sql 'modules/sql.bicep' = {
  scope: group
  name: 'sql'
  params: {
    serverName: 'sql-payments-${environmentName}-${token}'
    location: location
    tags: tags
    administratorName: sqlAdministratorName
    administratorObjectId: sqlAdministratorObjectId
    sku: sqlSku
    autoPauseMinutes: sqlAutoPauseMinutes
    minimumCapacity: sqlMinimumCapacity
    maxSizeGB: sqlMaxSizeGB
    zoneRedundant: zoneRedundant
    operatorAddresses: operatorAddresses
    alarmEmails: alarmEmails
    endpointSubnetId: privateNetwork ? network.outputs.endpointSubnetId : ''
    workspaceId: monitoring.outputs.workspaceId
  }
}

module functionApp 'modules/function_app.bicep' = {
  scope: group
  name: 'function-app'
  params: {
    name: 'func-payments-${environmentName}-${token}'
    planName: 'plan-payments-${environmentName}-${token}'
    zoneRedundant: zoneRedundant
    location: location
    tags: tags
    appEnvironment: appEnvironment
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostAccountName: storage.outputs.hostAccountName
    deploymentContainerUrl: storage.outputs.deploymentContainerUrl
    keyVaultUri: keyVault.outputs.uri
    serviceBusNamespace: serviceBus.outputs.fullyQualifiedNamespace
    auditContainerUrl: storage.outputs.auditContainerUrl
    bankFilesContainerUrl: storage.outputs.bankFilesContainerUrl
    sqlServerHost: sql.outputs.host
    sqlDatabaseName: sql.outputs.databaseName
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    workspaceId: monitoring.outputs.workspaceId
    appSubnetId: privateNetwork ? network.outputs.appSubnetId : ''
    endpointSubnetId: privateNetwork ? network.outputs.endpointSubnetId : ''
    callerAddressRanges: callerAddressRanges
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpConcurrency: httpConcurrency
    alwaysReady: alwaysReady
    sqlConnectionsMax: sqlConnectionsMax
    chaseBaseUrl: chaseBaseUrl
    chaseTokenUrl: chaseTokenUrl
    chaseClientId: chaseClientId
    chaseCredential: chaseCredential
    chaseCertificateThumbprint: chaseCertificateThumbprint
    chaseResource: chaseResource
    merchants: merchants
    shadowChaseBaseUrl: shadowChaseBaseUrl
    shadowChaseTokenUrl: shadowChaseTokenUrl
    shadowChaseClientId: shadowChaseClientId
    shadowChaseCredential: shadowChaseCredential
    shadowChaseCertificateThumbprint: shadowChaseCertificateThumbprint
    shadowChaseResource: shadowChaseResource
    shadowMerchantIds: shadowMerchantIds
    rolloutDecisionRequired: rolloutDecisionRequired
    jwtIssuer: jwtIssuer
    jwtAudience: jwtAudience
    jwtJwksUrl: jwtJwksUrl
    ledgerUrl: ledgerUrl
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  name: 'workbook'
  params: {
    location: location
    tags: tags
    displayName: 'Payments ${environmentName}'
    workspaceId: monitoring.outputs.workspaceId
  }
}

module alarms 'modules/alarms.bicep' = {
  scope: group
  name: 'alarms'
  params: {
    location: location
    tags: tags
    enabled: alarmsEnabled
    disabledAlarms: disabledAlarms
    workspaceId: monitoring.outputs.workspaceId
    serviceBusId: serviceBus.outputs.id
    actionGroupId: monitoring.outputs.actionGroupId
    runbookBaseUrl: runbookBaseUrl
  }
}

// azd keeps outputs as environment variables: the scripts in infra/scripts read these.
output AZURE_RESOURCE_GROUP string = group.name
output APP_IDENTITY_NAME string = identity.outputs.name
output FUNCTION_APP_NAME string = functionApp.outputs.name
output SERVICE_API_URI string = functionApp.outputs.url
output KEY_VAULT_NAME string = keyVault.outputs.name
output SQL_SERVER_HOST string = sql.outputs.host
output SQL_DATABASE_NAME string = sql.outputs.databaseName
output RECORDS_ACCOUNT_NAME string = storage.outputs.recordsAccountName
output AUDIT_CONTAINER_URL string = storage.outputs.auditContainerUrl
output BANK_FILES_CONTAINER_URL string = storage.outputs.bankFilesContainerUrl
output LOG_WORKSPACE_ID string = monitoring.outputs.workspaceId
output OUTBOUND_ADDRESS string = privateNetwork ? network.outputs.outboundAddress : ''
