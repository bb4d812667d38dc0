// Two accounts, so that the host's wide rights over its own end there: `host` for the Functions host and the deployed
// package, `records` for what must be kept - the daily audit anchor (written once) and the bank's files.
param hostAccountName string
param recordsAccountName string
param location string
param tags object
param sku string
param auditRetentionDays int
param operatorAddresses array
param endpointSubnetId string
param workspaceId string
param appPrincipalId string
param blobOwnerRoleId string
param blobContributorRoleId string
param bankFileRetentionDays int
param queueContributorRoleId string
param tableContributorRoleId string

var private = endpointSubnetId != ''
var publicAccess = private ? 'Disabled' : 'Enabled'
var operatorRules = [for address in operatorAddresses: {
  value: address
  action: 'Allow'
}]
var suffix = environment().suffixes.storage

resource host 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  // checkov:skip=CKV_AZURE_35:denied with privateNetwork, as in main.parameters.prod.json
  // checkov:skip=CKV_AZURE_206:replication is a parameter; main.parameters.prod.json asks for GZRS
  // checkov:skip=CKV_AZURE_43:the name is made in main.bicep, of lower-case letters and digits, 16 long
  name: hostAccountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    publicNetworkAccess: publicAccess
    // Without a network of its own the app reaches its storage from addresses that nobody knows: its identity is the lock.
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
      ipRules: operatorRules
    }
  }
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: host
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource deployments 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: hostBlobs
  name: 'deployments'
  properties: {
    publicAccess: 'None'
  }
}

resource records 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  // checkov:skip=CKV_AZURE_35:denied with privateNetwork, as in main.parameters.prod.json
  // checkov:skip=CKV_AZURE_206:replication is a parameter; main.parameters.prod.json asks for GZRS
  // checkov:skip=CKV_AZURE_43:the name is made in main.bicep, of lower-case letters and digits, 16 long
  name: recordsAccountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    publicNetworkAccess: publicAccess
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
      ipRules: operatorRules
    }
  }
}

resource recordBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: records
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: {
      enabled: true
      days: 35
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 35
    }
  }
}

resource auditAnchor 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: recordBlobs
  name: 'audit-anchor'
  properties: {
    publicAccess: 'None'
  }
}

// Written once. The policy is locked by hand, once it is known to be right: docs/deploy.md. A lock can never be taken off.
resource neverChanged 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-01-01' = {
  parent: auditAnchor
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: auditRetentionDays
    allowProtectedAppendWrites: false
  }
}

resource bankFiles 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: recordBlobs
  name: 'bank-files'
  properties: {
    publicAccess: 'None'
  }
}

// What the Functions host wants of its own account: leases and timers (blobs), its queue and its table.
resource hostRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for roleId in [
  blobOwnerRoleId
  queueContributorRoleId
  tableContributorRoleId
]: {
  name: guid(host.id, appPrincipalId, roleId)
  scope: host
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
  }
}]

resource mayWriteAnchors 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(auditAnchor.id, appPrincipalId, blobContributorRoleId)
  scope: auditAnchor
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributorRoleId)
  }
}

// Reads files and marks them as taken in (metadata). No built-in role can mark and not delete: versions are kept.
resource mayMarkBankFiles 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(bankFiles.id, appPrincipalId, blobContributorRoleId)
  scope: bankFiles
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributorRoleId)
  }
}

// The service deletes no file: this does, and old versions with it.
resource fileEnds 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {
  parent: records
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'bank-files-end'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: [
                'blockBlob'
              ]
              prefixMatch: [
                '${bankFiles.name}/'
              ]
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterCreationGreaterThan: bankFileRetentionDays
                }
              }
              version: {
                delete: {
                  daysAfterCreationGreaterThan: bankFileRetentionDays
                }
              }
            }
          }
        }
      ]
    }
  }
}

// Who read and wrote the records.
resource recordLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: recordBlobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

module hostEndpoints 'private_endpoint.bicep' = [for service in [
  'blob'
  'queue'
  'table'
]: if (private) {
  name: 'host-${service}-endpoint'
  params: {
    name: 'pe-${hostAccountName}-${service}'
    location: location
    tags: tags
    subnetId: endpointSubnetId
    targetId: host.id
    groupId: service
    zoneName: 'privatelink.${service}.${suffix}'
  }
}]

module recordsEndpoint 'private_endpoint.bicep' = if (private) {
  name: 'records-blob-endpoint'
  params: {
    name: 'pe-${recordsAccountName}-blob'
    location: location
    tags: tags
    subnetId: endpointSubnetId
    targetId: records.id
    groupId: 'blob'
    zoneName: 'privatelink.blob.${suffix}'
  }
}

output hostAccountName string = host.name
output deploymentContainerUrl string = '${host.properties.primaryEndpoints.blob}${deployments.name}'
output recordsAccountName string = records.name
output auditContainerUrl string = '${records.properties.primaryEndpoints.blob}${auditAnchor.name}'
output bankFilesContainerUrl string = '${records.properties.primaryEndpoints.blob}${bankFiles.name}'
