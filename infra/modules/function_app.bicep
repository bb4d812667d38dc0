// The app on Flex Consumption: HTTP functions share instances, each bus and timer function has instances of its own.
// Not set here, because Flex refuses or ignores them: FUNCTIONS_WORKER_RUNTIME, FUNCTIONS_EXTENSION_VERSION, WEBSITE_*.
param name string
param planName string
param zoneRedundant bool
param location string
param tags object
param appEnvironment string
param identityId string
param identityClientId string
param hostAccountName string
param deploymentContainerUrl string
param keyVaultUri string
param serviceBusNamespace string
param auditContainerUrl string
param bankFilesContainerUrl string
param sqlServerHost string
param sqlDatabaseName string
param applicationInsightsConnectionString string
param workspaceId string
param appSubnetId string
param endpointSubnetId string
param callerAddressRanges array
param instanceMemoryMB int
param maximumInstanceCount int
param httpConcurrency int
param alwaysReady array
param sqlConnectionsMax int
param chaseBaseUrl string
param chaseTokenUrl string
param chaseClientId string
param chaseCredential string
param chaseCertificateThumbprint string
param chaseResource string
param merchants object
param shadowChaseBaseUrl string
param shadowChaseTokenUrl string
param shadowChaseClientId string
param shadowChaseCredential string
param shadowChaseCertificateThumbprint string
param shadowChaseResource string
param shadowMerchantIds object
param rolloutDecisionRequired bool
param jwtIssuer string
param jwtAudience string
param jwtJwksUrl string
param ledgerUrl string

var private = appSubnetId != ''
var suffix = environment().suffixes.storage
var callers = [for (range, i) in callerAddressRanges: {
  name: 'caller-${i}'
  action: 'Allow'
  priority: 100 + i
  ipAddress: range
}]

// The host's own: its storage, its bus connection and its telemetry, each as the app's identity. The bus's name is below:
// the host and the service read the same one.
var hostSettings = [
  { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
  { name: 'AzureWebJobsStorage__clientId', value: identityClientId }
  { name: 'AzureWebJobsStorage__blobServiceUri', value: 'https://${hostAccountName}.blob.${suffix}' }
  { name: 'AzureWebJobsStorage__queueServiceUri', value: 'https://${hostAccountName}.queue.${suffix}' }
  { name: 'AzureWebJobsStorage__tableServiceUri', value: 'https://${hostAccountName}.table.${suffix}' }
  { name: 'SERVICEBUS__credential', value: 'managedidentity' }
  { name: 'SERVICEBUS__clientId', value: identityClientId }
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: applicationInsightsConnectionString }
  { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${identityClientId};Authorization=AAD' }
  { name: 'AZURE_CLIENT_ID', value: identityClientId }
]

// The service's own: shared/settings.py. Secrets are references, read by the platform as the app's identity.
var serviceSettings = [
  { name: 'APP_ENVIRONMENT', value: appEnvironment }
  { name: 'SQL_CONNECTION_STRING', value: 'Driver={ODBC Driver 18 for SQL Server};Server=tcp:${sqlServerHost},1433;Database=${sqlDatabaseName};Encrypt=yes;TrustServerCertificate=no;Authentication=ActiveDirectoryMsi;UID=${identityClientId}' }
  { name: 'SQL_CREDENTIAL', value: 'string' }
  { name: 'SQL_CONNECTIONS_MAX', value: string(sqlConnectionsMax) }
  { name: 'CHASE_BASE_URL', value: chaseBaseUrl }
  { name: 'CHASE_TOKEN_URL', value: chaseTokenUrl }
  { name: 'CHASE_CLIENT_ID', value: chaseClientId }
  { name: 'MERCHANTS', value: string(merchants) }
  { name: 'ROLLOUT_DECISION_REQUIRED', value: string(rolloutDecisionRequired) }
  { name: 'SALES_IN_FLIGHT_MAX', value: string(2 * httpConcurrency) }
  { name: 'FINGERPRINT_KEYS', value: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/fingerprint-keys)' }
  { name: 'HMAC_CALLERS', value: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/hmac-callers)' }
  { name: 'AUDIT_KEYS', value: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/audit-keys)' }
  { name: 'INSTRUMENT_KEYS', value: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/instrument-keys)' }
  { name: 'AUTH_MODE', value: 'enforce' }
  { name: 'JWT_ISSUER', value: jwtIssuer }
  { name: 'JWT_AUDIENCE', value: jwtAudience }
  { name: 'JWT_JWKS_URL', value: jwtJwksUrl }
  { name: 'AUDIT_ANCHOR_CONTAINER_URL', value: auditContainerUrl }
  { name: 'BANK_FILES_CONTAINER_URL', value: bankFilesContainerUrl }
  { name: 'SERVICEBUS__fullyQualifiedNamespace', value: serviceBusNamespace }
]

// Exactly one of the two is configured: Chase mock takes a client secret, every other Chase an assertion.
var privateKeySettings = [
  { name: 'CHASE_PRIVATE_KEY', value: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/chase-private-key)' }
  { name: 'CHASE_CERTIFICATE_THUMBPRINT', value: chaseCertificateThumbprint }
  { name: 'CHASE_RESOURCE', value: chaseResource }
]
var clientSecretSettings = [
  { name: 'CHASE_CLIENT_SECRET', value: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/chase-client-secret)' }
]
var ledgerSettings = ledgerUrl == '' ? [] : [
  { name: 'LEDGER_URL', value: ledgerUrl }
  { name: 'LEDGER_TOKEN', value: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/ledger-token)' }
]
// Shadow's own: without an address nothing can be in shadow, and the service refuses the rest of it.
var shadowKeySettings = [
  { name: 'SHADOW_CHASE_PRIVATE_KEY', value: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/shadow-chase-private-key)' }
  { name: 'SHADOW_CHASE_CERTIFICATE_THUMBPRINT', value: shadowChaseCertificateThumbprint }
  { name: 'SHADOW_CHASE_RESOURCE', value: shadowChaseResource }
]
var shadowSecretSettings = [
  { name: 'SHADOW_CHASE_CLIENT_SECRET', value: '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/shadow-chase-client-secret)' }
]
var shadowCredentialSettings = shadowChaseCredential == 'private-key' ? shadowKeySettings : shadowSecretSettings
var shadowAddressSettings = [
  { name: 'SHADOW_CHASE_BASE_URL', value: shadowChaseBaseUrl }
  { name: 'SHADOW_CHASE_TOKEN_URL', value: shadowChaseTokenUrl }
  { name: 'SHADOW_CHASE_CLIENT_ID', value: shadowChaseClientId }
  { name: 'SHADOW_MERCHANT_IDS', value: string(shadowMerchantIds) }
]
var shadowSettings = shadowChaseBaseUrl == '' ? [] : concat(shadowAddressSettings, shadowCredentialSettings)
var credentialSettings = chaseCredential == 'private-key' ? privateKeySettings : clientSecretSettings

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  // checkov:skip=CKV_AZURE_225:a parameter; main.parameters.prod.json turns it on
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  // checkov:skip=CKV_AZURE_17:callers prove themselves by a token or a signed request (docs/hmac-signature.md), not by a certificate
  // checkov:skip=CKV_AZURE_212:Flex Consumption has alwaysReady instead of a least number of instances
  // checkov:skip=CKV_AZURE_213:Flex Consumption replaces instances itself and takes no health check path
  // checkov:skip=CKV_AZURE_222:off with privateNetwork, as in main.parameters.prod.json; elsewhere only callerAddressRanges may call
  name: name
  location: location
  // azd finds where to deploy by this tag: the name of the service in azure.yaml.
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    virtualNetworkSubnetId: private ? appSubnetId : null
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.12'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
        triggers: {
          http: {
            perInstanceConcurrency: httpConcurrency
          }
        }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      remoteDebuggingEnabled: false
      ipSecurityRestrictions: callers
      ipSecurityRestrictionsDefaultAction: 'Deny'
      appSettings: concat(hostSettings, serviceSettings, credentialSettings, ledgerSettings, shadowSettings)
    }
  }
}

resource telemetry 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: app
  properties: {
    workspaceId: workspaceId
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

module endpoint 'private_endpoint.bicep' = if (private) {
  name: 'function-app-endpoint'
  params: {
    name: 'pe-${name}'
    location: location
    tags: tags
    subnetId: endpointSubnetId
    targetId: app.id
    groupId: 'sites'
    zoneName: 'privatelink.azurewebsites.net'
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
